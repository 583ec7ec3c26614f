// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PCIe function's requester id: 8 bits of bus, 5 of device, 3 of function (PCIe Base Specification §2.2.6.2). On an
 * SMMU it is the low 16 bits of the StreamID, on VT-d the source-id.
 *
 * @param bus 0 to 255
 * @param device 0 to 31
 * @param function 0 to 7
 */
public record RequesterId(int bus, int device, int function) {
    private static final Pattern FORM = Pattern.compile("([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\\.([0-7])");

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the part and its range
     */
    public RequesterId {
        check("bus", bus, 255);
        check("device", device, 31);
        check("function", function, 7);
    }

    private static void check(String part, int value, int most) {
        if (value < 0 || value > most) {
            throw new IllegalArgumentException(part + " is " + value + ", expected 0 to " + most);
        }
    }

    /** The function with a 16-bit id. */
    public static RequesterId of(int id) {
        return new RequesterId(id >>> 8 & 0xFF, id >>> 3 & 0x1F, id & 7);
    }

    /**
     * Parses the form {@code bus:device.function}, in hexadecimal, as {@code lspci} prints it.
     *
     * @throws IllegalArgumentException if it is not of that form, or out of range
     */
    public static RequesterId parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not of the form bus:device.function");
        }
        return new RequesterId(
                Integer.parseInt(m.group(1), 16), Integer.parseInt(m.group(2), 16), Integer.parseInt(m.group(3)));
    }

    /** The 16-bit id. */
    public int id() {
        return bus << 8 | device << 3 | function;
    }

    /** {@code bus:device.function} in hexadecimal. */
    @Override
    public String toString() {
        return String.format("%02x:%02x.%d", bus, device, function);
    }
}
