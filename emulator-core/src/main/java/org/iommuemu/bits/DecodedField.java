// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

/**
 * A field of a structure with the value it has there.
 *
 * @param field which field
 * @param value right-aligned, zero-extended
 * @param meaning what the value stands for, or the empty string
 */
public record DecodedField(BitField field, long value, String meaning) {

    /** The value as people read it: addresses in place, single bits and small numbers short, all in hexadecimal. */
    public String text() {
        long shown = field.address() ? value << field.shift() : value;
        String number = shown >= 0 && shown < 10 ? Long.toString(shown) : "0x" + Long.toHexString(shown);
        return meaning.isEmpty() ? number : number + " (" + meaning + ")";
    }

    /** The bit range as the specifications write it, {@code msb:lsb} or a single number. */
    public String bits() {
        return field.width() == 1 ? Integer.toString(field.lsb()) : field.msb() + ":" + field.lsb();
    }
}
