// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.util.ArrayList;
import java.util.List;

/** Values over two parameters: a table whose cells are coloured by their values, so that it is its own legend to the digit. */
public final class HeatMap {
    private static final int SHADES = 8;

    /** From this ratio on shades are equal ratios. */
    private static final double GEOMETRIC = 20;

    private final String title;
    private final String across;
    private final String down;
    private final List<String> columns;
    private final Scale scale;
    private final List<String> names = new ArrayList<>();
    private final List<double[]> rows = new ArrayList<>();

    /**
     * Which value has which shade.
     *
     * @param low value of the first shade
     * @param high value of the last
     */
    public record Scale(double low, double high) {
        /** Of all values that are finite. */
        public static Scale of(double... values) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (double value : values) {
                if (Double.isFinite(value)) {
                    low = Math.min(low, value);
                    high = Math.max(high, value);
                }
            }
            return low <= high ? new Scale(low, high) : new Scale(0, 0);
        }

        private boolean isGeometric() {
            return low > 0 && high >= GEOMETRIC * low;
        }

        int shade(double value) {
            if (high <= low) {
                return 0;
            }
            double share = isGeometric() ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
            return Math.max(0, Math.min(SHADES - 1, (int) (share * SHADES)));
        }

        private double from(int shade) {
            double share = (double) shade / SHADES;
            return isGeometric() ? low * Math.pow(high / low, share) : low + share * (high - low);
        }

        /** Writes what the shades stand for. */
        public void legend(Markup m) {
            m.open("ul", "class", "legend");
            for (int shade = 0; shade < (high > low ? SHADES : 1); shade++) {
                m.open("li").open("svg", "viewBox", "0 0 24 12", "aria-hidden", "true");
                m.empty("rect", "class", "h" + shade, "width", "24", "height", "12");
                m.close().text((shade == 0 ? "" : "from ") + Digits.of(from(shade)));
                m.close();
            }
            m.close().newLine();
        }
    }

    /**
     * An empty map.
     *
     * @param across what columns are
     * @param down what rows are
     * @param columns names of columns
     */
    public HeatMap(String title, String across, String down, List<String> columns, Scale scale) {
        this.title = title;
        this.across = across;
        this.down = down;
        this.columns = List.copyOf(columns);
        this.scale = scale;
    }

    /** Adds a row: a value for each column, not a number where there is none. */
    public HeatMap row(String name, double... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(values.length + " values, expected " + columns.size());
        }
        names.add(name);
        rows.add(values.clone());
        return this;
    }

    /** Writes it; what is wider than its place can be moved sideways. */
    public void into(Markup m) {
        m.open("figure").leaf("figcaption", title).newLine();
        m.open("div", "class", "wide", "tabindex", "0").open("table", "class", "heat");
        m.open("thead").open("tr").leaf("td", "");
        m.leaf("th", across, "scope", "colgroup", "colspan", String.valueOf(columns.size()))
                .close();
        m.open("tr").leaf("th", down, "scope", "col");
        columns.forEach(c -> m.leaf("th", c, "scope", "col", "class", "n"));
        m.close().close().newLine().open("tbody").newLine();
        for (int i = 0; i < rows.size(); i++) {
            m.open("tr").leaf("th", names.get(i), "scope", "row");
            for (double value : rows.get(i)) {
                String shade = Double.isFinite(value) ? "n h" + scale.shade(value) : "n";
                m.leaf("td", Digits.of(value), "class", shade);
            }
            m.close().newLine();
        }
        m.close().close().close().close().newLine();
    }
}
