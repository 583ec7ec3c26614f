// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * An axis: what it shows, and which share of its length a value stands at. It covers the range asked for, extended to whole ticks.
 *
 * @param title what it shows, with the unit
 * @param kind what equal distances are
 * @param low value at its beginning
 * @param high value at its end
 * @param ticks values that are marked, upwards
 */
public record Axis(String title, Kind kind, double low, double high, List<Tick> ticks) {
    private static final int WANTED = 4;
    /** From this ratio on values are far enough apart for a logarithm. */
    private static final double GEOMETRIC = 8;

    private static final double HALF = 0.5;
    /** Width of one, roughly and no less. */
    private static final double CHARACTER = 7.2;

    private static final int MOST_POWERS = 5;
    private static final int[] STEPS = {1, 2, 5};

    /** What equal distances are. */
    public enum Kind {
        /** Equal differences. */
        LINEAR,
        /** Equal ratios. */
        LOGARITHMIC,
        /** Equal ratios of amounts of bytes. */
        BYTES
    }

    /** A value that is marked. */
    public record Tick(double value, String text) {}

    /** Takes a copy. */
    public Axis {
        ticks = List.copyOf(ticks);
    }

    /** Equal distances are equal differences; ticks are 1, 2 or 5 times a power of ten apart. */
    public static Axis linear(String title, double low, double high) {
        double top = high > low ? high : low + Math.max(Math.abs(low), 1);
        double raw = (top - low) / WANTED;
        int exponent = (int) Math.floor(Math.log10(raw));
        BigDecimal step = power(10, exponent);
        for (int s : new int[] {2, 5, 10}) {
            if (step.doubleValue() < raw) {
                step = power(10, exponent).multiply(BigDecimal.valueOf(s));
            }
        }
        long first = (long) Math.floor(low / step.doubleValue());
        long last = (long) Math.ceil(top / step.doubleValue());
        List<Tick> ticks = new ArrayList<>();
        for (long i = first; i <= last; i++) {
            BigDecimal value = step.multiply(BigDecimal.valueOf(i));
            ticks.add(new Tick(value.doubleValue(), Digits.tick(value, Math.max(Math.abs(low), Math.abs(top)))));
        }
        return new Axis(
                title,
                Kind.LINEAR,
                ticks.get(0).value(),
                ticks.get(ticks.size() - 1).value(),
                ticks);
    }

    /**
     * Equal distances are equal ratios; ticks are powers of ten, and 2 and 5 times these where there is room.
     *
     * @param low above 0; a lower one counts as a thousandth of the higher end
     */
    public static Axis logarithmic(String title, double low, double high) {
        double top = high > 0 ? high : 1;
        double bottom = low > 0 ? Math.min(low, top) : top / 1000;
        List<Tick> all = new ArrayList<>();
        for (int e = (int) Math.floor(Math.log10(bottom)); e <= (int) Math.ceil(Math.log10(top)); e++) {
            for (int s : STEPS) {
                BigDecimal value = power(10, e).multiply(BigDecimal.valueOf(s));
                all.add(new Tick(value.doubleValue(), Digits.tick(value, value.doubleValue())));
            }
        }
        int first = 0;
        while (all.get(first + 1).value() <= bottom) {
            first++;
        }
        int last = all.size() - 1;
        while (last > first + 1 && all.get(last - 1).value() >= top) {
            last--;
        }
        List<Tick> kept = new ArrayList<>(all.subList(first, last + 1));
        double from = kept.get(0).value();
        double to = kept.get(kept.size() - 1).value();
        if (kept.size() > MOST_POWERS) {
            int decades = (int) Math.ceil(Math.log10(to / from));
            int apart = (decades + MOST_POWERS - 1) / MOST_POWERS;
            kept.removeIf(t -> !isPower(t.value(), apart));
        }
        return new Axis(title, Kind.LOGARITHMIC, from, to, kept);
    }

    /** Logarithmic; ticks are powers of two with units of bytes. */
    public static Axis bytes(String title, double low, double high) {
        double bottom = Math.max(1, low);
        int first = (int) Math.floor(log2(bottom));
        int last = Math.max(first + 1, (int) Math.ceil(log2(Math.max(bottom, high))));
        int apart = (last - first + MOST_POWERS - 1) / MOST_POWERS;
        List<Tick> ticks = new ArrayList<>();
        for (int e = first; e <= last; e += apart) {
            double value = Math.pow(2, e);
            ticks.add(new Tick(value, Digits.bytes(value)));
        }
        return new Axis(title, Kind.BYTES, Math.pow(2, first), Math.pow(2, last), ticks);
    }

    /**
     * The values themselves are marked, as far as there is room: equal distances are equal ratios if the last is at least eight times
     * the first.
     *
     * @param ascending above 0, at least one
     */
    public static Axis marks(String title, double... ascending) {
        double low = ascending[0];
        double high = Math.max(ascending[ascending.length - 1], 2 * low);
        List<Tick> ticks = new ArrayList<>();
        for (double value : ascending) {
            ticks.add(new Tick(value, Digits.of(value)));
        }
        Kind kind = high >= GEOMETRIC * low ? Kind.LOGARITHMIC : Kind.LINEAR;
        return new Axis(title, kind, low, high, ticks).thinned();
    }

    /** Names at equal distances, the first at 0, the next at 1; those are marked for which there is room. */
    public static Axis names(String title, List<String> names) {
        List<Tick> ticks = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            ticks.add(new Tick(i, names.get(i)));
        }
        return new Axis(title, Kind.LINEAR, -HALF, names.size() - HALF, ticks).thinned();
    }

    /** Without the ticks that would run into one before, or out of the picture. */
    private Axis thinned() {
        List<Tick> kept = new ArrayList<>();
        double room = -Plot.LEFT;
        double length = Plot.WIDTH - Plot.LEFT - Plot.RIGHT;
        for (Tick t : ticks) {
            double half = t.text().length() * CHARACTER / 2;
            double middle = at(t.value()) * length;
            if (middle - half >= room && middle + half <= length + Plot.RIGHT) {
                kept.add(t);
                room = middle + half + CHARACTER;
            }
        }
        return new Axis(title, kind, low, high, kept);
    }

    /** The share of the axis before a value: 0 at its beginning, 1 at its end; values beyond stand at its ends. */
    public double at(double value) {
        double share = kind == Kind.LINEAR
                ? (value - low) / (high - low)
                : value <= low ? 0 : Math.log(value / low) / Math.log(high / low);
        return Math.max(0, Math.min(1, share));
    }

    /** A value along the axis, for people. */
    String text(double value) {
        return kind == Kind.BYTES ? Digits.bytes(value) : Digits.of(value);
    }

    /** Whether a value is a power of ten whose exponent is a multiple. */
    private static boolean isPower(double value, int multiple) {
        double exponent = Math.log10(value) / multiple;
        return Math.abs(exponent - Math.rint(exponent)) < 1e-9;
    }

    private static double log2(double value) {
        // Exact for powers of two, which quotients of logarithms are not.
        int exponent = Math.getExponent(value);
        return exponent + Math.log(value / Math.pow(2, exponent)) / Math.log(2);
    }

    private static BigDecimal power(int base, int exponent) {
        return exponent >= 0
                ? BigDecimal.valueOf(base).pow(exponent)
                : BigDecimal.ONE.divide(BigDecimal.valueOf(base).pow(-exponent));
    }
}
