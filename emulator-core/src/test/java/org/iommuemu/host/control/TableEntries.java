// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.control.CoreWorld.User;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.vtd.spec.PasidEntry;

/** The first stages that hardware finds for each device and PASID: those by which something could be translated. */
final class TableEntries {
    private final ControlledMachine machine;

    TableEntries(ControlledMachine machine) {
        this.machine = machine;
    }

    /** Roots of tables. */
    Map<User, Long> live() {
        Map<User, Long> live = new TreeMap<>();
        StringBuilder text = new StringBuilder();
        new TableImage(machine).append(text);
        text.toString().lines().forEach(line -> {
            String[] words = line.split(" ");
            boolean context = words[0].equals("CD");
            if (!context && !words[0].equals("PASID")) {
                return;
            }
            String[] place = words[1].split("\\.");
            int pasid = Integer.parseInt(place[1], 16);
            User user = new User(Integer.parseInt(place[0], 16), pasid == 0 ? IommuDriver.NO_PASID : pasid);
            long[] entry = new long[words.length - 2];
            for (int i = 0; i < entry.length; i++) {
                entry[i] = Long.parseUnsignedLong(words[i + 2], 16);
            }
            boolean valid = context ? Cd.V.isSet(entry) && !Cd.EPD0.isSet(entry) : PasidEntry.P.isSet(entry);
            if (valid) {
                live.put(user, context ? Cd.TTB0.inPlace(entry) : PasidEntry.FSPTPTR.inPlace(entry));
            }
        });
        return live;
    }
}
