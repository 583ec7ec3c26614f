// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import org.iommuemu.capture.InputException;
import org.iommuemu.pcie.RequesterId;

/** Numbers as people type them: {@code 0x…} or decimal, and {@code bus:device.function} for streams. */
final class Numbers {
    private Numbers() {}

    /** A number of at most {@code bits} bits. */
    static long parse(String option, String text, int bits) {
        String expected = "a number of at most " + bits + " bits, decimal or 0x…";
        try {
            long value = text.startsWith("0x") || text.startsWith("0X")
                    ? Long.parseUnsignedLong(text.substring(2), 16)
                    : Long.parseUnsignedLong(text);
            if (bits < Long.SIZE && value >>> bits != 0) {
                throw new InputException(option + " is '" + text + "'", expected);
            }
            return value;
        } catch (NumberFormatException e) {
            throw new InputException(option + " is '" + text + "'", expected);
        }
    }

    /** A word in hexadecimal, with or without {@code 0x}. */
    static long hexWord(String text) {
        String digits = text.startsWith("0x") || text.startsWith("0X") ? text.substring(2) : text;
        try {
            return Long.parseUnsignedLong(digits, 16);
        } catch (NumberFormatException e) {
            throw new InputException("'" + text + "' is no word", "at most 16 hexadecimal digits");
        }
    }

    /** A StreamID: a number, or the requester id of a PCIe function. */
    static int stream(String option, String text) {
        if (!text.contains(":")) {
            return (int) parse(option, text, 32);
        }
        try {
            return RequesterId.parse(text).id();
        } catch (IllegalArgumentException e) {
            throw new InputException(option + " is '" + text + "'", "a number, or bus:device.function");
        }
    }
}
