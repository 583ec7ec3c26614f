// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.vtd.DescriptorObserver;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.EventRegisters;
import org.iommuemu.vtd.spec.VtdRegisters;

/** What software does wrong with registers other than GCMD (VT-d architecture 11.4). */
final class RegisterLint {
    private static final int NO_REGISTER_INVALIDATION = 6;
    private static final int PAGE_SELECTIVE = 3;
    /** DR and DW of the IOTLB register, which are no more than hints. */
    private static final long DRAIN = 3L << 48;

    /** PRO of FSTS, before it came to PRS. */
    private static final long PAGE_REQUEST_OVERFLOW = 1 << 7;
    /** SFL and EAFL of GCMD. */
    private static final long FAULT_LOG = 3 << 28;

    private final Vtd vtd;
    private final VtdFeatures features;
    private final LintLog log;
    private final DescriptorObserver onInvalidation;
    private final CommandLint commands;
    private final RangeLint ranges;
    /** IVA, which cannot be read. */
    private long iva;

    /**
     * A lint.
     *
     * @param onInvalidation is told of invalidations by register, as the descriptors that do the same
     */
    RegisterLint(Vtd vtd, LintLog log, DescriptorObserver onInvalidation) {
        this.vtd = vtd;
        this.log = log;
        this.onInvalidation = onInvalidation;
        features = vtd.features();
        commands = new CommandLint(vtd, log);
        ranges = new RangeLint(vtd, log);
    }

    void reset() {
        commands.reset();
    }

    /** Software reads. */
    void reading(long offset, int size) {
        commands.reading(offset, size);
    }

    /** A descriptor is consumed. */
    void consuming(Descriptor d, long word0) {
        commands.consuming(d, word0);
    }

    /** Software writes; the write has not taken effect yet. */
    void writing(Register r, long old, long value, boolean writable) {
        reserved(r, value);
        if (!writable) {
            boolean broken = r.equals(VtdRegisters.IQA) && ((old ^ value) & r.writable()) != 0;
            report(VtdLintRule.GUARDED_WRITE, r, value, broken);
        } else if (r.equals(VtdRegisters.GCMD)) {
            commands.command(value);
            ranges.command(value);
        } else if (r.equals(VtdRegisters.IQT)) {
            tail(value);
        } else if (r.equals(VtdRegisters.CCMD) && VtdRegisters.ICC.isSet(value)) {
            contexts(r, value);
        } else if (r.name().equals("IVA")) {
            iva = value;
        } else if (r.name().equals("IOTLB") && VtdRegisters.IVT.isSet(value)) {
            translations(r, value);
        } else {
            event(VtdRegisters.FAULT_EVENT, r, old, value);
            event(VtdRegisters.INVALIDATION_EVENT, r, old, value);
            event(VtdRegisters.PAGE_REQUEST_EVENT, r, old, value);
            ranges.writing(r, old, value);
        }
    }

    private void reserved(Register r, long value) {
        // Registers without fields are all one field, or have bits that are none of ours.
        if (r.layout().fields().isEmpty() || r.isReadOnly()) {
            return;
        }
        long defined = former(r);
        for (BitField f : r.layout().fields()) {
            defined |= f.mask();
        }
        report(VtdLintRule.REGISTER_RESERVED_BITS, r, value, (value & ~defined) != 0);
    }

    /** Bits that are hints of no effect, or that had a meaning in earlier revisions, as drivers still write them. */
    private static long former(Register r) {
        if (r.equals(VtdRegisters.FSTS)) {
            return PAGE_REQUEST_OVERFLOW;
        } else if (r.equals(VtdRegisters.GCMD)) {
            return FAULT_LOG;
        }
        return r.name().equals("IOTLB") ? DRAIN : 0;
    }

    private void tail(long value) {
        long size = 4096L << VtdRegisters.QS.getInt(get(VtdRegisters.IQA));
        long head = get(VtdRegisters.IQH);
        long pending = get(VtdRegisters.IQT) - head & size - 1;
        long added = value - get(VtdRegisters.IQT) & size - 1;
        boolean on = VtdRegisters.QIE.isSet(get(VtdRegisters.GSTS));
        report(VtdLintRule.QUEUE_OVERTAKEN, VtdRegisters.IQT, value, on && pending + added >= size);
    }

    private void contexts(Register r, long value) {
        int granularity = VtdRegisters.CIRG.getInt(value);
        if (isTaken(r, value, granularity != 0)) {
            long word0 = Descriptor.CONTEXT_CACHE.type()
                    | Descriptor.G.of(granularity)
                    | Descriptor.DID.of(VtdRegisters.CCMD_DID.getInt(value))
                    | Descriptor.SID.of(VtdRegisters.CCMD_SID.getInt(value))
                    | Descriptor.FM.of(VtdRegisters.CCMD_FM.getInt(value));
            invalidate(Descriptor.CONTEXT_CACHE, word0, 0);
        }
    }

    private void translations(Register r, long value) {
        int granularity = VtdRegisters.IIRG.getInt(value);
        boolean pages = features.has(Capability.PSI)
                && VtdRegisters.IVA_AM.getInt(iva) <= Capability.MAMV.getInt(features.cap());
        if (isTaken(r, value, granularity != 0 && (granularity != PAGE_SELECTIVE || pages))) {
            long word0 = Descriptor.IOTLB.type()
                    | Descriptor.G.of(granularity)
                    | Descriptor.DID.of(VtdRegisters.IOTLB_DID.getInt(value));
            invalidate(Descriptor.IOTLB, word0, granularity == PAGE_SELECTIVE ? iva : 0);
        }
    }

    /** Software waits for the register's own bit, so that a wait descriptor is not needed. */
    private void invalidate(Descriptor d, long word0, long word1) {
        onInvalidation.consuming(d, word0, word1);
        onInvalidation.consuming(
                Descriptor.WAIT, Descriptor.WAIT.type() | Descriptor.IF.of(1), Descriptor.STATUS_ADDRESS.of(0));
    }

    private boolean isTaken(Register r, long value, boolean legal) {
        boolean queue = VtdRegisters.QIE.isSet(get(VtdRegisters.GSTS));
        report(VtdLintRule.REGISTER_INVALIDATION_WITH_QUEUE, r, value, queue);
        boolean mode = VtdRegisters.TTM.getInt(commands.root()) == 0 && features.major() < NO_REGISTER_INVALIDATION;
        report(VtdLintRule.REGISTER_INVALIDATION_REFUSED, r, value, !legal || !mode);
        return legal && mode;
    }

    private void event(EventRegisters e, Register r, long old, long value) {
        if (r.equals(e.control()) && VtdRegisters.IM.isSet(old) && !VtdRegisters.IM.isSet(value)) {
            long address = get(e.address());
            report(VtdLintRule.EVENT_ADDRESS, e.address(), address, address >>> 20 != 0xFEE);
            long upper = get(e.upperAddress());
            report(VtdLintRule.EVENT_UPPER_ADDRESS, e.upperAddress(), upper, upper != 0 && !commands.hasWideIds());
        }
    }

    private long get(Register r) {
        return vtd.readRegister(r.offset(), r.bytes());
    }

    private void report(VtdLintRule rule, Register place, long seen, boolean broken) {
        if (broken) {
            log.add(rule, place.name(), seen);
        }
    }
}
