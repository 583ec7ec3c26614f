// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import org.iommuemu.bits.DecodedField;
import org.iommuemu.bits.Layout;

/** A structure as text, a field a line. */
public final class Decoded {
    private Decoded() {}

    /**
     * All fields.
     *
     * @param title first line, to which the layout's source is added
     */
    public static String text(String title, Layout layout, long... words) {
        return text(title, layout, true, words);
    }

    /**
     * The fields.
     *
     * @param zeroes whether fields that are 0 and stand for nothing are shown too
     */
    public static String text(String title, Layout layout, boolean zeroes, long... words) {
        StringBuilder out = new StringBuilder(title + "  (" + layout.source() + ")\n");
        for (DecodedField f : layout.decode(words)) {
            if (zeroes || f.value() != 0 || !f.meaning().isEmpty()) {
                out.append(String.format(
                        Locale.ROOT, "  %9s  %-16s %s%n", f.bits(), f.field().name(), f.text()));
            }
        }
        return out.toString();
    }
}
