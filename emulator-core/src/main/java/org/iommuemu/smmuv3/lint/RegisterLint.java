// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/** What is wrong with a write to a register, or with the registers at the moment at which they come into use (IHI 0070 §6.3). */
final class RegisterLint {
    private static final int ADDRESS_LOW_BITS = 3;
    private static final int MOST_VMW = 4;
    private static final long CR1_SHAREABILITY_LOW = 0x410;
    private static final int CR1_TYPES = 0xF | 0xF << 6;
    private static final int OVERRIDE_RESERVED = 1;

    /** Which register a read of waits for the update of which. */
    private static final Map<Register, Register> UPDATED_BY = Map.of(
            Registers.CR0ACK, Registers.CR0, Registers.IRQ_CTRLACK, Registers.IRQ_CTRL, Registers.GBPA, Registers.GBPA);

    private static final List<Register> MESSAGE_ADDRESSES =
            List.of(Registers.GERROR_IRQ_CFG0, Registers.EVENTQ_IRQ_CFG0, Registers.PRIQ_IRQ_CFG0);

    private final SmmuV3 smmu;
    private final LintLog log;
    private final QueueLint queues;
    /** Bits changed since the register's update was last waited for. */
    private final Map<Register, Long> changing = new HashMap<>();

    private boolean cfgiAll;
    private boolean tlbiAll;
    private boolean cfgiAllDone;
    private boolean tlbiAllDone;

    RegisterLint(SmmuV3 smmu, LintLog log) {
        this.smmu = smmu;
        this.log = log;
        queues = new QueueLint(smmu, log);
    }

    void reset() {
        changing.clear();
        cfgiAll = false;
        tlbiAll = false;
        cfgiAllDone = false;
        tlbiAllDone = false;
    }

    /** Software reads; a read of an acknowledgement is what it waits for. */
    void reading(long offset, int size) {
        UPDATED_BY.forEach((read, updated) -> {
            if (offset == read.offset() || size == 8 && offset + 4 == read.offset()) {
                changing.remove(updated);
            }
        });
    }

    /** Software writes; the write has not taken effect yet. */
    void writing(Register register, long old, long value, boolean writable) {
        long changed = (old ^ value) & register.writable();
        if (!writable) {
            ignored(register, value, changed);
        } else if (register.equals(Registers.CR0)) {
            controls(old, value, changed);
        } else if (register.equals(Registers.CR1)) {
            attributes(value, changed);
        } else if (register.equals(Registers.IRQ_CTRL)) {
            update(register, changed, value);
        } else if (register.equals(Registers.GBPA)) {
            bypass(value, changed);
        } else if (register.equals(Registers.GERRORN)) {
            long inactive = ~(old ^ get(Registers.GERROR));
            report(SmmuLintRule.GERRORN_INACTIVE, register, value, (changed & inactive) != 0);
        } else if (MESSAGE_ADDRESSES.contains(register)) {
            report(SmmuLintRule.MSI_ADDRESS_ALIGNMENT, register, value, (value & ADDRESS_LOW_BITS) != 0);
        } else {
            queues.writing(register, old, value);
        }
    }

    /** Writes to registers that are not there, or can never be written, are harmless, as are those that change nothing. */
    private void ignored(Register register, long value, long changed) {
        boolean broken = !register.isReadOnly() && isPresent(register.name()) && changed != 0;
        report(SmmuLintRule.GUARDED_WRITE, register, value, broken);
    }

    private boolean isPresent(String register) {
        return !(register.contains("_IRQ_CFG") && !smmu.features().has0(Idr.MSI)
                || register.contains("PRIQ") && !smmu.features().has0(Idr.PRI)
                || register.contains("ATOS") && !smmu.features().has0(Idr.ATOS));
    }

    private void controls(long old, long value, long changed) {
        boolean wildcards = smmu.features().has0(Idr.VMW);
        report(
                SmmuLintRule.CR0_VMW_RESERVED,
                Registers.CR0,
                value,
                wildcards && Registers.VMW.getInt(value) > MOST_VMW);
        long implemented = Registers.SMMUEN.mask()
                | Registers.EVENTQEN.mask()
                | Registers.CMDQEN.mask()
                | (smmu.features().has0(Idr.PRI) ? Registers.PRIQEN.mask() : 0)
                | (smmu.features().has0(Idr.ATS) ? Registers.ATSCHK.mask() : 0)
                | (wildcards ? Registers.VMW.mask() : 0);
        update(Registers.CR0, changed & implemented, value);
        queues.enabling(old, value & implemented);
        if (rises(Registers.SMMUEN, old, value)) {
            enabling(value);
        }
        if ((changed & implemented & value) != 0) {
            queues.overlaps(value & implemented);
        }
    }

    private void enabling(long cr0) {
        long cfg = get(Registers.STRTAB_BASE_CFG);
        int log2Size = Registers.STRTAB_LOG2SIZE.getInt(cfg);
        int format = Registers.STRTAB_FMT.getInt(cfg);
        int split = Registers.STRTAB_SPLIT.getInt(cfg);
        long base = get(Registers.STRTAB_BASE);
        long low = (1L << Math.min(63, StreamTableShape.alignment(cfg))) - 1;
        report(
                SmmuLintRule.STRTAB_BASE_ALIGNMENT,
                Registers.STRTAB_BASE,
                base,
                (Registers.STRTAB_ADDR.inPlace(base) & low) != 0);
        report(
                SmmuLintRule.STRTAB_LOG2SIZE,
                Registers.STRTAB_BASE_CFG,
                cfg,
                log2Size > smmu.features().streamIdBits());
        report(SmmuLintRule.STRTAB_FMT_RESERVED, Registers.STRTAB_BASE_CFG, cfg, format > 1);
        report(
                SmmuLintRule.STRTAB_SPLIT_RESERVED,
                Registers.STRTAB_BASE_CFG,
                cfg,
                format == 1 && split != 6 && split != 8 && split != 10);
        report(SmmuLintRule.EVENTQ_OFF, Registers.CR0, cr0, !Registers.EVENTQEN.isSet(cr0));
        report(SmmuLintRule.INITIAL_CFGI_MISSING, Registers.CR0, cr0, !cfgiAllDone);
        report(SmmuLintRule.INITIAL_TLBI_MISSING, Registers.CR0, cr0, !tlbiAllDone);
    }

    private void attributes(long value, long changed) {
        long types = value & value >>> 1 & 0x555 & CR1_TYPES;
        long shareability = value & ~(value >>> 1) & CR1_SHAREABILITY_LOW;
        report(SmmuLintRule.CR1_ATTRIBUTE_RESERVED, Registers.CR1, value, changed != 0 && (types | shareability) != 0);
        long cr0 = get(Registers.CR0);
        boolean queuesOn = (cr0 & (Registers.CMDQEN.mask() | Registers.EVENTQEN.mask() | Registers.PRIQEN.mask())) != 0;
        boolean guarded = Registers.QUEUE_ATTRIBUTES.isSet(changed) && queuesOn
                || Registers.TABLE_ATTRIBUTES.isSet(changed) && Registers.SMMUEN.isSet(cr0);
        report(SmmuLintRule.GUARDED_WRITE, Registers.CR1, value, guarded);
    }

    private void bypass(long value, long changed) {
        if (!Registers.GBPA_UPDATE.isSet(value)) {
            report(SmmuLintRule.GBPA_WITHOUT_UPDATE, Registers.GBPA, value, changed != 0);
            return;
        }
        boolean reserved = Idr.ATTR_PERMS_OVR.isSet(smmu.features().idr1())
                && (Registers.GBPA_PRIVCFG.getInt(value) == OVERRIDE_RESERVED
                        || Registers.GBPA_INSTCFG.getInt(value) == OVERRIDE_RESERVED);
        report(SmmuLintRule.GBPA_OVERRIDE_RESERVED, Registers.GBPA, value, reserved);
        // Any write while Update is 1 is too early, whatever it changes.
        update(Registers.GBPA, Registers.GBPA_UPDATE.mask(), value);
    }

    /** A field must not be changed again before its last update was seen to end. */
    private void update(Register register, long changed, long value) {
        long before = changing.getOrDefault(register, 0L);
        report(SmmuLintRule.UPDATE_NOT_POLLED, register, value, (before & changed) != 0);
        changing.put(register, before | changed);
    }

    /** Follows the invalidation of everything that must come before translation is switched on (§3.11). */
    void consuming(Command command, long word1) {
        if (command == Command.CFGI_STE_RANGE && Command.RANGE.getInt(word1) == Command.RANGE_ALL) {
            cfgiAll = true;
        } else if (command == Command.TLBI_NSNH_ALL) {
            tlbiAll = true;
        } else if (command == Command.SYNC) {
            cfgiAllDone |= cfgiAll;
            tlbiAllDone |= tlbiAll;
        }
    }

    private static boolean rises(BitField enable, long old, long value) {
        return enable.isSet(value) && !enable.isSet(old);
    }

    private long get(Register register) {
        return smmu.readRegister(register.offset(), register.bytes());
    }

    private void report(SmmuLintRule rule, Register place, long seen, boolean broken) {
        if (broken) {
            log.add(rule, place.name(), seen);
        }
    }
}
