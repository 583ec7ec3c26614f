// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The layout of one structure: its name, size, source and fields in the order of declaration.
 *
 * <p>A structure is declared once, in a class of a {@code spec} package, by way of a {@link Builder} whose methods return
 * the {@link BitField} that the behaviour then uses:
 *
 * <pre>{@code
 * private static final Layout.Builder B = Layout.builder("STE", 8, "IHI 0070 §5.2");
 * public static final BitField V = B.bit("V", 0);
 * public static final BitField CONFIG = B.field("Config", 3, 1, "abort", ...);
 * public static final Layout LAYOUT = B.build();
 * }</pre>
 */
public final class Layout {
    private final String name;
    private final int words;
    private final String source;
    private final List<BitField> fields;
    private final Map<BitField, List<String>> meanings;

    private Layout(Builder b) {
        name = b.name;
        words = b.words;
        source = b.source;
        fields = List.copyOf(b.fields);
        meanings = Map.copyOf(b.meanings);
    }

    /**
     * Starts a layout.
     *
     * @param words size in 64-bit words (a 32-bit register counts as one)
     * @param source document and section
     */
    public static Builder builder(String name, int words, String source) {
        return new Builder(name, words, source);
    }

    /** The structure's name in the specification. */
    public String name() {
        return name;
    }

    /** Size in 64-bit words. */
    public int words() {
        return words;
    }

    /** Document and section. */
    public String source() {
        return source;
    }

    /** All fields, in the order of declaration. */
    public List<BitField> fields() {
        return fields;
    }

    /**
     * Takes a structure apart.
     *
     * @param structure at least {@link #words()} words
     * @return every field with its value, in the order of declaration
     */
    public List<DecodedField> decode(long... structure) {
        List<DecodedField> out = new ArrayList<>(fields.size());
        for (BitField f : fields) {
            long value = f.get(structure);
            out.add(new DecodedField(f, value, meaning(f, value)));
        }
        return out;
    }

    private String meaning(BitField f, long value) {
        List<String> names = meanings.getOrDefault(f, List.of());
        return value >= 0 && value < names.size() ? names.get((int) value) : "";
    }

    @Override
    public String toString() {
        return name + " (" + source + ")";
    }

    /** Collects the fields of a layout. */
    public static final class Builder {
        private final String name;
        private final int words;
        private final String source;
        private final List<BitField> fields = new ArrayList<>();
        private final Map<BitField, List<String>> meanings = new HashMap<>();

        private Builder(String name, int words, String source) {
            this.name = name;
            this.words = words;
            this.source = source;
        }

        /** Declares a field {@code msb:lsb}; {@code values} name its encodings from 0 up. */
        public BitField field(String field, int msb, int lsb, String... values) {
            return add(BitField.of(field, msb, lsb), values);
        }

        /** Declares a single bit; {@code values} name 0 and 1. */
        public BitField bit(String field, int bit, String... values) {
            return add(BitField.bit(field, bit), values);
        }

        /** Declares a field that holds address bits in place. */
        public BitField address(String field, int msb, int lsb) {
            return add(BitField.address(field, msb, lsb));
        }

        /** Takes over a field that another layout has declared, for records that share a header. */
        public Builder with(BitField... shared) {
            for (BitField f : shared) {
                add(f);
            }
            return this;
        }

        /** Takes over a field, and names its encodings from 0 up. */
        public Builder named(BitField shared, String... values) {
            add(shared, values);
            return this;
        }

        private BitField add(BitField f, String... values) {
            if (f.word() >= words) {
                throw new IllegalArgumentException(f.name() + " lies outside " + name);
            }
            fields.add(f);
            if (values.length > 0) {
                meanings.put(f, List.of(values));
            }
            return f;
        }

        /** The finished layout. */
        public Layout build() {
            return new Layout(this);
        }
    }
}
