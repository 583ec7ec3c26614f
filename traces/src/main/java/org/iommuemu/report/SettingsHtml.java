// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Table;

/** A machine's settings as a table: every value, what it means, and where it comes from. */
final class SettingsHtml {
    private SettingsHtml() {}

    static void folded(Markup m, Settings s) {
        Table table = new Table().text("key").number("value").text("meaning").text("source");
        for (Parameter p : Parameter.values()) {
            table.row(p.key(), s.text(p), p.meaning(), s.source(p));
        }
        table.folded(m, s.title().isEmpty() ? s.name() : s.name() + ": " + s.title());
    }
}
