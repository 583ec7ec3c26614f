// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

/** What several of a capture's tables have in common. */
final class Fields {
    /** Physical addresses are below 2^52. */
    static final int ADDRESS_BITS = 52;

    private static final int MAX_PASID = (1 << 20) - 1;

    private Fields() {}

    /** A PASID of 20 bits; -1 for an empty field or an absent column. */
    static int pasid(CsvRow row, int column) {
        return row.isEmpty(column) ? -1 : (int) row.between(column, 0, MAX_PASID);
    }

    /** {@code ok}, {@code fault} or nothing. */
    static String replay(CsvRow row, int column) {
        return oneOf(row, column, "", "ok", "fault");
    }

    /** The field if it is one of these words, all of them constants of the program. */
    static String oneOf(CsvRow row, int column, String... words) {
        for (String word : words) {
            if (row.is(column, word)) {
                return word;
            }
        }
        throw row.wrong(column, String.join(" or ", words).replaceFirst("^ or ", "nothing or "));
    }
}
