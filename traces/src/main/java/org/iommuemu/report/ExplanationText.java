// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import org.iommuemu.iommu.Rule;
import org.iommuemu.replay.Explanation;

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
        Explanation.Step fault = e.record();
        if (fault != null) {
            out.append(Decoded.text(fault.title(), fault.layout(), allFields, fault.array()));
        }
        verdict(e, out);
        return out.toString();
    }

    private static void verdict(Explanation e, StringBuilder out) {
        Rule rule = e.rule();
        if (rule == null) {
            out.append(String.format(Locale.ROOT, "verdict: OK, address 0x%x, %s%n", e.address(), e.attributes()));
            return;
        }
        String end = switch (e.status()) {
            case ABORT -> "abort";
            case STALLED -> "stalled";
            default -> "terminated as RAZ/WI";
        };
        out.append("verdict: ").append(end).append(", ").append(e.fault()).append('\n');
        out.append(String.format(Locale.ROOT, "because: %s: %s (%s)%n", rule.field(), rule.text(), rule.section()));
    }
}
