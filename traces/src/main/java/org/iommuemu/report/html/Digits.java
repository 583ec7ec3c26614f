// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers as text, the same in every locale. */
public final class Digits {
    private static final int SIGNIFICANT = 4;
    private static final String NONE = "–";
    private static final String[] BYTES = {"B", "KiB", "MiB", "GiB", "TiB"};
    private static final double KIB = 1024;
    private static final double KILO_FROM = 100_000;
    private static final double MILLI_BELOW = 0.01;
    private static final String PREFIXES = "fpnµm kMGTPE";
    private static final int UNIT = 5;

    private Digits() {}

    /** With four significant digits and no fewer before the point, thousands apart; a dash for what is no number. */
    public static String of(double value) {
        if (!Double.isFinite(value)) {
            return NONE;
        }
        BigDecimal v = BigDecimal.valueOf(value);
        int whole = v.precision() - v.scale();
        BigDecimal rounded = v.setScale(Math.max(0, SIGNIFICANT - Math.max(whole, 1)), RoundingMode.HALF_UP);
        return plain(rounded.signum() == 0 ? BigDecimal.ZERO : rounded.stripTrailingZeros());
    }

    /** A whole number, thousands apart. */
    public static String of(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** With so many digits after the point, thousands apart; a dash for what is no number. */
    public static String fixed(double value, int decimals) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%,." + decimals + "f", value) : NONE;
    }

    /** A share of one in percent. */
    public static String percent(double share) {
        return fixed(share * 100, 2) + (Double.isFinite(share) ? " %" : "");
    }

    /** All digits of a number, thousands apart. */
    static String plain(BigDecimal value) {
        return String.format(Locale.ROOT, "%,." + Math.max(0, value.scale()) + "f", value);
    }

    /**
     * A number on an axis: prefixes of the SI keep large and small ones short.
     *
     * @param most the largest on the axis, which decides
     */
    static String tick(BigDecimal value, double most) {
        boolean isPlain = most >= MILLI_BELOW && most < KILO_FROM || most <= 0;
        int thousands = isPlain ? 0 : (int) Math.floor(Math.log10(most) / 3);
        int prefix = UNIT + Math.max(-UNIT, Math.min(PREFIXES.length() - 1 - UNIT, thousands));
        if (prefix == UNIT || value.signum() == 0) {
            return plain(value.signum() == 0 && !isPlain ? BigDecimal.ZERO : value);
        }
        BigDecimal shifted = value.movePointLeft(3 * (prefix - UNIT)).stripTrailingZeros();
        return plain(shifted) + " " + PREFIXES.charAt(prefix);
    }

    /** An amount of bytes, in the largest unit that it fills. */
    public static String bytes(double bytes) {
        int unit = 0;
        double value = bytes;
        while (value >= KIB && unit < BYTES.length - 1) {
            value /= KIB;
            unit++;
        }
        return of(value) + " " + BYTES[unit];
    }

    /** A coordinate: two digits after the point at most. */
    static String coordinate(double value) {
        BigDecimal rounded = BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_UP);
        return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    }
}
