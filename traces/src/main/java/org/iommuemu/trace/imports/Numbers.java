// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

/** Numbers as kernels and QEMU print them. */
final class Numbers {
    private static final int HEX = 16;

    private Numbers() {}

    /**
     * A decimal number or one with {@code 0x}, of 64 bits.
     *
     * @throws org.iommuemu.capture.InputException of the current line if it is none
     */
    static long parse(String text, TextLines lines) {
        try {
            return text.startsWith("0x") ? Long.parseUnsignedLong(text, 2, text.length(), HEX) : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw lines.wrong("'" + text + "' is no number", "a decimal number or a hexadecimal one such as 0x1000");
        }
    }
}
