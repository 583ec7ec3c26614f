// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.cache.SetAssociativeCache;

/** What caches hold, as text: of the IOMMU and of devices. */
final class CacheImage {
    private final ControlledMachine machine;

    CacheImage(ControlledMachine machine) {
        this.machine = machine;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        append(text, "configuration", machine.unit.configurations().cache());
        append(text, "IOTLB", machine.unit.iotlb().cache());
        machine.devices.atc.forEach((k, c) -> text.append(String.format(
                "ATC %04x pasid %d %x -> %x %s%s%n",
                k.stream(), k.pasid(), k.page(), c.physical(), c.readable() ? "r" : "", c.writable() ? "w" : "")));
        return text.toString();
    }

    private static void append(StringBuilder text, String name, SetAssociativeCache cache) {
        List<String> lines = new ArrayList<>();
        cache.forEach((entry, tag0, tag1, value0, value1) ->
                lines.add(String.format("%s %x %x -> %x %x%n", name, tag0, tag1, value0, value1)));
        Collections.sort(lines);
        lines.forEach(text::append);
    }
}
