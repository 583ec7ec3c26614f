// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

/**
 * One named field of a register, descriptor, command or record: where it is and how to get it out.
 *
 * <p>Bits are numbered as the specifications number them, from bit 0 of the first byte of a little-endian structure; a
 * field never crosses a 64-bit word. The same constant serves the hot path ({@link #get(long)} is one shift and one mask)
 * and {@code decode}, which prints {@link #name()} and the value. It is a record because the JVM treats the components of
 * a {@code static final} record as constants, so that a field access compiles to immediate operands.
 *
 * @param name the specification's own spelling
 * @param lsb lowest bit, counted from the start of the structure
 * @param width number of bits, 1 to 64
 * @param word index of the 64-bit word that holds the field ({@code lsb / 64})
 * @param shift lowest bit within that word
 * @param mask the field's bits, in place, within that word
 * @param address whether the field holds the upper bits of an address, so that its value reads best in place
 */
public record BitField(String name, int lsb, int width, int word, int shift, long mask, boolean address) {

    /**
     * A field {@code msb:lsb}.
     *
     * @throws IllegalArgumentException if the range is empty or crosses a 64-bit word
     */
    public static BitField of(String name, int msb, int lsb) {
        return build(name, msb, lsb, false);
    }

    /** A field {@code msb:lsb} that holds address bits; {@link #inPlace(long)} is then the address. */
    public static BitField address(String name, int msb, int lsb) {
        return build(name, msb, lsb, true);
    }

    /** A single bit. */
    public static BitField bit(String name, int bit) {
        return build(name, bit, bit, false);
    }

    private static BitField build(String name, int msb, int lsb, boolean address) {
        if (lsb < 0 || msb < lsb || msb >>> 6 != lsb >>> 6) {
            throw new IllegalArgumentException(
                    name + " " + msb + ":" + lsb + " is not a range of bits within one 64-bit word");
        }
        int width = msb - lsb + 1;
        long ones = width == 64 ? -1L : (1L << width) - 1;
        int shift = lsb & 63;
        return new BitField(name, lsb, width, lsb >>> 6, shift, ones << shift, address);
    }

    /** The highest bit, counted from the start of the structure. */
    public int msb() {
        return lsb + width - 1;
    }

    /** The field's value out of the word that holds it, right-aligned and zero-extended. */
    public long get(long w) {
        return (w & mask) >>> shift;
    }

    /** {@link #get(long)} for fields of at most 31 bits. */
    public int getInt(long w) {
        return (int) get(w);
    }

    /** The field's value out of a whole structure. */
    public long get(long[] words) {
        return get(words[word]);
    }

    /** {@link #get(long[])} for fields of at most 31 bits. */
    public int getInt(long[] words) {
        return (int) get(words[word]);
    }

    /** Whether any bit of the field is set. */
    public boolean isSet(long w) {
        return (w & mask) != 0;
    }

    /** Whether any bit of the field is set in a whole structure. */
    public boolean isSet(long[] words) {
        return isSet(words[word]);
    }

    /** The field's bits left where they are, all others cleared: the address, for an address field. */
    public long inPlace(long w) {
        return w & mask;
    }

    /** {@link #inPlace(long)} out of a whole structure. */
    public long inPlace(long[] words) {
        return words[word] & mask;
    }

    /** A word with nothing but this field set; {@code value} is cut to the field's width. */
    public long of(long value) {
        return value << shift & mask;
    }

    /** {@code w} with this field replaced by {@code value}, cut to the field's width. */
    public long set(long w, long value) {
        return w & ~mask | of(value);
    }

    /** Replaces this field in a whole structure. */
    public void set(long[] words, long value) {
        words[word] = set(words[word], value);
    }

    /** Replaces an address field in a whole structure by the address's own bits. */
    public void setInPlace(long[] words, long value) {
        words[word] = words[word] & ~mask | value & mask;
    }
}
