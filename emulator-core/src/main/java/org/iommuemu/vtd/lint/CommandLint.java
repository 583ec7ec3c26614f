// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;

/** What software does wrong with GCMD, and before what it switches on there (VT-d architecture 11.4.4). */
final class CommandLint {
    private static final int LEGACY = 0;
    private static final int SCALABLE = 1;
    private static final int RESERVED_MODE = 2;
    private static final int ABORT = 3;
    private static final int PASID_CACHE_GLOBAL = 3;
    private static final long ONE_SHOT = VtdRegisters.SRTP.mask() | VtdRegisters.SIRTP.mask() | VtdRegisters.WBF.mask();

    private final Vtd vtd;
    private final VtdFeatures features;
    private final LintLog log;
    private boolean unread;
    private long root;
    private long interrupts;
    private boolean contextsDone;
    private boolean pasidsDone;
    private boolean translationsDone;
    private boolean interruptsDone;

    CommandLint(Vtd vtd, LintLog log) {
        this.vtd = vtd;
        this.log = log;
        features = vtd.features();
        reset();
    }

    void reset() {
        unread = false;
        root = 0;
        interrupts = 0;
        contextsDone = false;
        pasidsDone = false;
        translationsDone = false;
        interruptsDone = false;
    }

    /** RTADDR as it was when it was last taken over. */
    long root() {
        return root;
    }

    boolean hasWideIds() {
        return features.hasExtended(ExtendedCapability.EIM);
    }

    /** Software reads; a read of GSTS is what it waits for. */
    void reading(long offset, int size) {
        Register status = VtdRegisters.GSTS;
        if (offset == status.offset() || size == Long.BYTES && offset + 4 == status.offset()) {
            unread = false;
        }
    }

    /** GCMD is written. */
    void command(long value) {
        long status = get(VtdRegisters.GSTS);
        long changed = (status ^ value) & levels();
        long shots = value & ONE_SHOT;
        report(VtdLintRule.GCMD_SEVERAL_CHANGES, value, Long.bitCount(changed) + Long.bitCount(shots) > 1);
        report(VtdLintRule.GCMD_NOT_POLLED, value, unread && (changed | shots) != 0);
        unread |= (changed | shots) != 0;
        report(VtdLintRule.GCMD_WBF_ABSENT, value, VtdRegisters.WBF.isSet(value) && !features.has(Capability.RWBF));
        if (VtdRegisters.SRTP.isSet(value)) {
            setRoot(status);
        }
        if (VtdRegisters.SIRTP.isSet(value)) {
            setInterrupts(status);
        }
        if (VtdRegisters.QIE.isSet(changed)) {
            queue(value);
        }
        if (VtdRegisters.TE.isSet(changed & value)) {
            enableTranslation(status | shots, value);
        }
        if (VtdRegisters.IRE.isSet(changed & value)) {
            boolean set = VtdRegisters.SIRTP.isSet(status | shots);
            report(VtdLintRule.IRE_WITHOUT_TABLE, value, !set);
            report(VtdLintRule.SIRTP_WITHOUT_INVALIDATION, value, set && !interruptsDone);
        }
    }

    private long levels() {
        boolean remapping = features.hasExtended(ExtendedCapability.IR);
        return VtdRegisters.TE.mask()
                | (features.hasExtended(ExtendedCapability.QI) ? VtdRegisters.QIE.mask() : 0)
                | (remapping ? VtdRegisters.IRE.mask() | VtdRegisters.CFI.mask() : 0);
    }

    private void setRoot(long status) {
        long value = get(VtdRegisters.RTADDR);
        int mode = VtdRegisters.TTM.getInt(value);
        boolean there = mode == LEGACY
                || mode == SCALABLE && features.hasExtended(ExtendedCapability.SMTS)
                || mode == ABORT && features.hasExtended(ExtendedCapability.ADMS);
        boolean split = VtdRegisters.SSIRWE.isSet(value);
        report(VtdLintRule.ROOT_MODE_RESERVED, VtdRegisters.RTADDR, value, mode == RESERVED_MODE || !there || split);
        boolean other = mode != VtdRegisters.TTM.getInt(root);
        boolean on = VtdRegisters.TE.isSet(status) && !features.has(Capability.ESRTPS);
        report(VtdLintRule.ROOT_MODE_WHILE_ON, VtdRegisters.RTADDR, value, on && other);
        root = value;
        boolean done = features.has(Capability.ESRTPS);
        contextsDone = done;
        pasidsDone = done;
        translationsDone = done;
    }

    private void setInterrupts(long status) {
        long value = get(VtdRegisters.IRTA);
        boolean other = VtdRegisters.EIME.isSet(value ^ interrupts);
        boolean on = VtdRegisters.IRE.isSet(status);
        report(VtdLintRule.EIME_WHILE_ON, VtdRegisters.IRTA, value, on && other);
        report(VtdLintRule.EIME_ABSENT, VtdRegisters.IRTA, value, VtdRegisters.EIME.isSet(value) && !hasWideIds());
        interrupts = value;
        interruptsDone = features.has(Capability.ESIRTPS);
    }

    private void queue(long value) {
        if (VtdRegisters.QIE.isSet(value)) {
            long tail = get(VtdRegisters.IQT);
            report(VtdLintRule.QUEUE_NOT_EMPTY, VtdRegisters.IQT, tail, tail != 0);
        } else {
            boolean work = get(VtdRegisters.IQH) != get(VtdRegisters.IQT);
            report(VtdLintRule.QUEUE_OFF_WITH_WORK, value, work);
        }
    }

    private void enableTranslation(long status, long value) {
        if (!VtdRegisters.SRTP.isSet(status)) {
            report(VtdLintRule.TE_WITHOUT_ROOT, value, true);
            return;
        }
        boolean scalable = VtdRegisters.TTM.getInt(root) == SCALABLE;
        report(VtdLintRule.SRTP_WITHOUT_CONTEXT_INVALIDATION, value, !contextsDone);
        report(VtdLintRule.SRTP_WITHOUT_PASID_INVALIDATION, value, scalable && !pasidsDone);
        report(VtdLintRule.SRTP_WITHOUT_IOTLB_INVALIDATION, value, !translationsDone);
    }

    /** Follows the invalidation of everything, in the order in which one fills the other. */
    void consuming(Descriptor d, long word0) {
        int granularity = Descriptor.G.getInt(word0);
        switch (d) {
            case CONTEXT_CACHE -> contextsDone |= granularity == Descriptor.GLOBAL;
            case PASID_CACHE -> {
                if (contextsDone && !pasidsDone && granularity == PASID_CACHE_GLOBAL) {
                    pasidsDone = true;
                    translationsDone = false;
                }
            }
            case IOTLB -> translationsDone |= contextsDone && granularity == Descriptor.GLOBAL;
            case INTERRUPT_ENTRY_CACHE -> interruptsDone |= !Descriptor.INDEX_SELECTIVE.isSet(word0);
            default -> {}
        }
    }

    private long get(Register r) {
        return vtd.readRegister(r.offset(), r.bytes());
    }

    private void report(VtdLintRule rule, long seen, boolean broken) {
        report(rule, VtdRegisters.GCMD, seen, broken);
    }

    private void report(VtdLintRule rule, Register place, long seen, boolean broken) {
        if (broken) {
            log.add(rule, place.name(), seen);
        }
    }
}
