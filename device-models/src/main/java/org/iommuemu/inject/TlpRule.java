// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.Locale;
import org.iommuemu.pcie.TlpKind;

/** Something happens to TLPs on a link. */
public record TlpRule(String name, TlpMatch match, Occasion when, TlpAction action) implements FaultRule {
    /**
     * Checks it.
     *
     * @throws IllegalArgumentException naming rule, field, value and what is legal
     */
    public TlpRule {
        FaultRule.checkName(name);
        if (match.requester() != null) {
            FaultRule.checkRequester(name, match.requester());
        }
        if (match.pasid() != null) {
            FaultRule.check(match.pasid() >= -1 && match.pasid() < 1 << 20, name, "pasid", match.pasid(), "20 bits");
        }
        TlpAction.check(name, action);
        if (action instanceof TlpAction.Corrupt c) {
            boolean everywhere = !match.kinds().isEmpty();
            for (TlpKind kind : match.kinds()) {
                everywhere &= c.field().isIn(kind);
            }
            FaultRule.check(
                    everywhere,
                    name,
                    "tlp",
                    text(match.kinds()),
                    "kinds that have " + c.field().name().toLowerCase(Locale.ROOT) + ": "
                            + text(c.field().kinds()));
        }
    }

    private static String text(Iterable<TlpKind> kinds) {
        StringBuilder text = new StringBuilder();
        for (TlpKind kind : kinds) {
            text.append(text.isEmpty() ? "" : ", ").append(kind.name().toLowerCase(Locale.ROOT));
        }
        return text.isEmpty() ? "all" : text.toString();
    }
}
