// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import org.iommuemu.report.html.Markup;

/** A line of a page that says whether something holds; not by its colour alone. */
final class VerdictHtml {
    private VerdictHtml() {}

    static void into(Markup m, boolean holds, String text) {
        m.open("p")
                .leaf("span", (holds ? "✓ " : "✗ ") + text, "class", holds ? "good" : "bad")
                .close();
    }
}
