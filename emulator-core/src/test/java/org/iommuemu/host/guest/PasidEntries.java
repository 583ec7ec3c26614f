// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.vtd.spec.PasidEntry;

/** PASID entries of VT-d, as the image of a machine shows their words. */
public final class PasidEntries {
    private PasidEntries() {}

    /** An entry, of zeros if there is none. */
    public static long[] of(ControlledMachine machine, HostDevice device, int pasid) {
        String start = String.format("PASID %04x.%x ", device.stream(), pasid);
        long[] entry = new long[PasidEntry.WORDS];
        machine.tables().lines().filter(l -> l.startsWith(start)).forEach(l -> {
            String[] words = l.substring(start.length()).split(" ");
            for (int i = 0; i < words.length; i++) {
                entry[i] = Long.parseUnsignedLong(words[i], 16);
            }
        });
        return entry;
    }
}
