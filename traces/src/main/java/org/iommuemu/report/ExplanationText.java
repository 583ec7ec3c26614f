// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.replay.Explanation;
import org.iommuemu.smmuv3.spec.Event;

/** An explanation as text. */
public final class ExplanationText {
    private ExplanationText() {}

    /**
     * The whole story.
     *
     * @param allFields whether fields that are 0 are shown too
     */
    public static String of(Explanation e, boolean allFields) {
        StringBuilder out = new StringBuilder();
        for (Explanation.Step step : e.steps()) {
            String title = step.title() + " at 0x" + Long.toHexString(step.address());
            if (step.words().size() == 1) {
                title += String.format(" = 0x%016x", step.words().get(0));
            }
            out.append(Decoded.text(title, step.layout(), allFields, step.array()));
        }
        Event kind = e.eventKind();
        if (kind != null) {
            long[] record = e.event().stream().mapToLong(Long::longValue).toArray();
            out.append(Decoded.text("event record " + kind, kind.layout(), allFields, record));
        }
        verdict(e, out);
        return out.toString();
    }

    private static void verdict(Explanation e, StringBuilder out) {
        Rule rule = e.rule();
        if (rule == null) {
            out.append(String.format(
                    Locale.ROOT,
                    "verdict: OK, address 0x%x, attributes 0x%02x, %s%n",
                    e.address(),
                    e.attributes() & 0xFF,
                    shareability(e.attributes())));
            return;
        }
        Event kind = e.eventKind();
        out.append("verdict: ")
                .append(e.status() == Verdict.Status.ABORT ? "abort" : "terminated as RAZ/WI")
                .append(kind == null ? ", no event" : ", " + kind)
                .append('\n');
        out.append(String.format(Locale.ROOT, "because: %s: %s (%s)%n", rule.field(), rule.text(), rule.section()));
    }

    private static String shareability(long attributes) {
        return switch ((int) (attributes >>> 8 & 3)) {
            case 2 -> "outer shareable";
            case 3 -> "inner shareable";
            default -> "non-shareable";
        };
    }
}
