// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Where queues and tables lie, and which memory is protected (VT-d architecture 6.5.2, 11.4.8, 11.4.11). */
final class RangeLint {
    private static final long PAGE = 4096;
    private static final long GRANULE_LOW_BITS = 0xF_FFFF;

    private record Range(Register register, long first, long bytes) {
        boolean overlaps(Range other) {
            return first < other.first + other.bytes && other.first < first + bytes;
        }
    }

    private final Vtd vtd;
    private final LintLog log;

    RangeLint(Vtd vtd, LintLog log) {
        this.vtd = vtd;
        this.log = log;
    }

    /** GCMD is written: what it brings into use must not lie in what is in use. */
    void command(long value) {
        long used = get(VtdRegisters.GSTS) | value;
        long brings = value & ~get(VtdRegisters.GSTS) & VtdRegisters.QIE.mask()
                | value & (VtdRegisters.SRTP.mask() | VtdRegisters.SIRTP.mask());
        if (brings == 0) {
            return;
        }
        List<Range> ranges = new ArrayList<>();
        if (VtdRegisters.SRTP.isSet(used)) {
            add(ranges, VtdRegisters.RTADDR, VtdRegisters.RTA.inPlace(get(VtdRegisters.RTADDR)), PAGE);
        }
        if (VtdRegisters.SIRTP.isSet(used)) {
            long irta = get(VtdRegisters.IRTA);
            long bytes = (2L << VtdRegisters.IRT_SIZE.getInt(irta)) * Irte.BYTES;
            add(ranges, VtdRegisters.IRTA, VtdRegisters.IRT_ADDRESS.inPlace(irta), bytes);
        }
        if (VtdRegisters.QIE.isSet(used)) {
            queue(ranges, VtdRegisters.IQA);
        }
        if (vtd.features().hasExtended(ExtendedCapability.PRS) && get(VtdRegisters.PQA) != 0) {
            queue(ranges, VtdRegisters.PQA);
        }
    }

    private void queue(List<Range> ranges, Register register) {
        long value = get(register);
        add(ranges, register, VtdRegisters.IQ_ADDRESS.inPlace(value), PAGE << VtdRegisters.QS.getInt(value));
    }

    private void add(List<Range> ranges, Register register, long first, long bytes) {
        Range range = new Range(register, first, bytes);
        boolean overlaps = ranges.stream().anyMatch(range::overlaps);
        report(VtdLintRule.QUEUE_OVERLAP, register, get(register), overlaps);
        ranges.add(range);
    }

    /** Another register is written. */
    void writing(Register r, long old, long value) {
        boolean bound = r.equals(VtdRegisters.PLMBASE)
                || r.equals(VtdRegisters.PLMLIMIT)
                || r.equals(VtdRegisters.PHMBASE)
                || r.equals(VtdRegisters.PHMLIMIT);
        if (bound) {
            boolean changes = ((old ^ value) & r.writable()) != 0;
            boolean on = VtdRegisters.EPM.isSet(get(VtdRegisters.PMEN));
            report(VtdLintRule.PROTECTED_RANGE_WHILE_ON, r, value, changes && on);
        } else if (r.equals(VtdRegisters.PMEN) && VtdRegisters.EPM.isSet(value & ~old)) {
            protect(value);
        } else if (r.equals(VtdRegisters.PQH) || r.equals(VtdRegisters.PQT)) {
            long size = PAGE << VtdRegisters.QS.getInt(get(VtdRegisters.PQA));
            report(VtdLintRule.PAGE_QUEUE_INDEX, r, value, VtdRegisters.PAGE_QUEUE_OFFSET.inPlace(value) >= size);
        }
    }

    private void protect(long value) {
        boolean hasLow = vtd.features().has(Capability.PLMR);
        boolean hasHigh = vtd.features().has(Capability.PHMR);
        Range low = range(hasLow, VtdRegisters.PLMBASE, VtdRegisters.PLMLIMIT);
        Range high = range(hasHigh, VtdRegisters.PHMBASE, VtdRegisters.PHMLIMIT);
        boolean empty = (hasLow || hasHigh) && low.bytes <= 0 && high.bytes <= 0;
        report(VtdLintRule.PROTECTED_RANGE_EMPTY, VtdRegisters.PMEN, value, empty);
        boolean both = low.bytes > 0 && high.bytes > 0;
        report(VtdLintRule.PROTECTED_RANGE_OVERLAP, VtdRegisters.PMEN, value, both && low.overlaps(high));
    }

    private Range range(boolean there, Register base, Register limit) {
        long first = get(base) & ~GRANULE_LOW_BITS;
        long last = get(limit) | GRANULE_LOW_BITS;
        return new Range(base, first, there ? last - first + 1 : 0);
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
