// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

/** Other rows that a {@link JoinedRow} names. */
public final class Partners {
    /** No others. */
    public static final Partners NONE = new Partners(false, new long[0]);

    private static final int MOST_DIGITS = 18;

    private final boolean calls;
    private final long[] refs;

    private Partners(boolean calls, long[] refs) {
        this.calls = calls;
        this.refs = refs;
    }

    /**
     * Reads {@code f12}, {@code q7}, or several with {@code +} between them: lines of the kernel's trace, or records of the IOMMU's.
     *
     * @throws InputException if the field is something else
     */
    static Partners read(CsvRow row, int column) {
        if (row.isEmpty(column)) {
            return NONE;
        }
        String[] names = row.text(column).split("\\+", -1);
        char first = names[0].isEmpty() ? ' ' : names[0].charAt(0);
        long[] refs = new long[names.length];
        for (int i = 0; i < refs.length; i++) {
            if (names[i].isEmpty() || names[i].charAt(0) != first || first != 'f' && first != 'q') {
                throw wrong(row, column);
            }
            refs[i] = number(row, column, names[i]);
        }
        return new Partners(first == 'f', refs);
    }

    private static long number(CsvRow row, int column, String name) {
        String digits = name.substring(1);
        if (digits.isEmpty() || digits.length() > MOST_DIGITS || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw wrong(row, column);
        }
        return Long.parseLong(digits);
    }

    private static InputException wrong(CsvRow row, int column) {
        return row.wrong(column, "f<line> or q<seq>, or several of a kind with + between them");
    }

    /** Whether they are calls, not records of the IOMMU. */
    public boolean areCalls() {
        return calls;
    }

    /** How many. */
    public int count() {
        return refs.length;
    }

    /** One of them. */
    public long get(int index) {
        return refs[index];
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return refs.length == 0;
    }
}
