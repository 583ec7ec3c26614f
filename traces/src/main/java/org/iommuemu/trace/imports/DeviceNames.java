// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Streams of devices by the kernel's names of them: of a PCI function its requester id, the PCI domain above it. */
final class DeviceNames {
    /** Devices that are no PCI functions are numbered from here on, as functions of the last bus would be. */
    static final int FIRST_OTHER = 0xFF00;

    private static final Pattern PCI_NAME =
            Pattern.compile("([0-9a-f]{4}):([0-9a-f]{2}):([01][0-9a-f])\\.([0-7])", Pattern.CASE_INSENSITIVE);
    private static final int HEX = 16;

    private final RecordSink sink;
    private final Map<String, Integer> streams = new HashMap<>();
    private int others;

    DeviceNames(RecordSink sink) {
        this.sink = sink;
    }

    int stream(String name) {
        return streams.computeIfAbsent(name, this::number);
    }

    private int number(String name) {
        Matcher m = PCI_NAME.matcher(name);
        if (!m.matches()) {
            sink.note("devices that are no PCI functions; numbered from 0x" + Integer.toHexString(FIRST_OTHER) + " on");
            return FIRST_OTHER + others++;
        }
        return Integer.parseInt(m.group(1), HEX) << 16
                | Integer.parseInt(m.group(2), HEX) << 8
                | Integer.parseInt(m.group(3), HEX) << 3
                | Integer.parseInt(m.group(4), HEX);
    }
}
