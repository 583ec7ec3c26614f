// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Arrays;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.capture.DecodedContext;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.PasidEntry;

/** Compares the last structure that a VT-d unit reads for a requester with what the recorder decoded. */
final class VtdContextCheck {
    /** Anywhere outside the interrupt window, within every width. */
    private static final long ADDRESS = 0x1000;

    private final Vtd vtd;
    private Layout layout = ContextEntry.LAYOUT;
    private long[] words = new long[0];

    VtdContextCheck(Vtd vtd) {
        this.vtd = vtd;
    }

    Comparison compare(DecodedContext recorded) {
        words = new long[0];
        Verdict verdict = new Verdict();
        vtd.observe(this::fetched, null);
        vtd.translate(new Transaction().read(recorded.sid(), ADDRESS), verdict);
        vtd.observe(null, null);
        boolean legacy = layout == ContextEntry.LAYOUT;
        if (words.length == 0 || !legacy && layout != PasidEntry.LAYOUT) {
            return Comparison.differs("no context (" + verdict.rule() + ")");
        }
        if (!hex(words).equals(hex(recorded.entry()))) {
            return Comparison.differs("entry is " + hex(words) + ", expected " + hex(recorded.entry()));
        }
        long type = (legacy ? ContextEntry.TT : PasidEntry.PGTT).get(words);
        boolean firstStage = !legacy && type == PasidEntry.FIRST_STAGE;
        BitField table = legacy ? ContextEntry.SSPTPTR : firstStage ? PasidEntry.FSPTPTR : PasidEntry.SSPTPTR;
        boolean same = type == recorded.type()
                && (legacy ? ContextEntry.AW : PasidEntry.AW).get(words) == recorded.width()
                && (legacy ? ContextEntry.DID : PasidEntry.DID).get(words) == recorded.domain()
                && table.inPlace(words) == recorded.table();
        if (!same) {
            return Comparison.differs("type, width, domain or table differ in " + hex(words));
        }
        boolean passThrough = type == (legacy ? ContextEntry.TT_PASS_THROUGH : PasidEntry.PASS_THROUGH);
        return passThrough && (!verdict.isOk() || verdict.address() != ADDRESS)
                ? Comparison.differs("does not pass through (" + verdict.rule() + ")")
                : Comparison.SAME;
    }

    private void fetched(Layout what, long address, long[] content) {
        layout = what;
        words = Arrays.copyOf(content, what.words());
    }

    private static String hex(long[] words) {
        return hex(Arrays.stream(words).boxed().toList());
    }

    private static String hex(List<Long> words) {
        return String.join(
                "-", words.stream().map(w -> String.format("%016x", w)).toList());
    }
}
