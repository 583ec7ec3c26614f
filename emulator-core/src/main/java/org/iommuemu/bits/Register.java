// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

/**
 * One row of a register map.
 *
 * @param name the specification's name
 * @param offset byte offset from the start of the register frame
 * @param bytes width: 4 or 8; in a configuration space 1, 2 or 4
 * @param reset value after reset
 * @param writable bits that software can change by writing their new value
 * @param writeOneToClear bits that software can only clear, by writing 1
 * @param layout the fields
 */
public record Register(
        String name, int offset, int bytes, long reset, long writable, long writeOneToClear, Layout layout) {

    /** A register that software cannot write. */
    public static Register readOnly(String name, int offset, int bytes, Layout layout) {
        return new Register(name, offset, bytes, 0, 0, 0, layout);
    }

    /** A register of which software can write the bits of {@code mask}. */
    public static Register writable(String name, int offset, int bytes, long mask, Layout layout) {
        return new Register(name, offset, bytes, 0, mask, 0, layout);
    }

    /** Whether software can change nothing in it. */
    public boolean isReadOnly() {
        return (writable | writeOneToClear) == 0;
    }
}
