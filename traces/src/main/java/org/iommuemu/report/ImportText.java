// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import java.util.stream.Collectors;
import org.iommuemu.trace.imports.ImportSummary;

/** What came of an import, as text. */
public final class ImportText {
    private ImportText() {}

    /** Lines as those of a replay. */
    public static String of(ImportSummary s) {
        StringBuilder text = new StringBuilder();
        line(text, "source", s.source().label());
        String kinds = s.records().entrySet().stream()
                .filter(e -> e.getValue() > 0)
                .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey().label(), e.getValue()))
                .collect(Collectors.joining(", "));
        line(text, "records", String.format(Locale.ROOT, "%,d%s", s.total(), kinds.isEmpty() ? "" : ": " + kinds));
        s.notes().forEach((what, count) -> line(text, "noted", String.format(Locale.ROOT, "%,d %s", count, what)));
        return text.toString();
    }

    private static void line(StringBuilder text, String label, String value) {
        text.append(String.format(Locale.ROOT, "%-13s %s\n", label, value));
    }
}
