// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.List;
import java.util.TreeMap;
import org.iommuemu.host.Domain;
import org.jspecify.annotations.Nullable;

/** All attachments, in the order of streams and PASIDs. */
final class Attachments {
    private final TreeMap<Long, Attachment> all = new TreeMap<>();

    private static long key(int stream, int pasid) {
        return Integer.toUnsignedLong(stream) << 32 | pasid + 1;
    }

    @Nullable
    Attachment get(int stream, int pasid) {
        return all.get(key(stream, pasid));
    }

    void put(HostDevice device, int pasid, Domain domain) {
        all.put(key(device.stream(), pasid), new Attachment(device, pasid, domain));
    }

    @Nullable
    Attachment remove(HostDevice device, int pasid) {
        return all.remove(key(device.stream(), pasid));
    }

    List<Attachment> of(Domain domain) {
        return all.values().stream().filter(a -> a.domain() == domain).toList();
    }

    List<Attachment> of(HostDevice device) {
        return all.values().stream().filter(a -> a.device() == device).toList();
    }

    /** Those with a PASID, on whatever device. */
    List<Attachment> of(int pasid) {
        return all.values().stream().filter(a -> a.pasid() == pasid).toList();
    }

    boolean isUsed(int pasid) {
        return all.values().stream().anyMatch(a -> a.pasid() == pasid);
    }
}
