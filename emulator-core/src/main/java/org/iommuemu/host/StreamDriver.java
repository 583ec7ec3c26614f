// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/** What drivers have in common: devices that come to be when they are first named. */
abstract class StreamDriver<D extends StreamDevice> implements IommuDriver {
    private final int physicalBits;
    private final int most;
    private final Int2ObjectHashMap<D> devices = new Int2ObjectHashMap<>();

    /**
     * A driver without devices.
     *
     * @param physicalBits width of the addresses that can be mapped to
     * @param most devices
     */
    StreamDriver(int physicalBits, int most) {
        this.physicalBits = physicalBits;
        this.most = most;
    }

    /** Makes a device, with the next number from 1 on. */
    abstract D create(int stream, int number);

    /** A device, which is made if it does not exist. */
    final D device(int stream) {
        D device = devices.get(stream);
        if (device == null) {
            if (devices.size() == most) {
                throw new IllegalArgumentException("more streams than VMIDs, expected at most " + most);
            }
            device = create(stream, devices.size() + 1);
            devices.put(stream, device);
        }
        return device;
    }

    /** A device, if it exists. */
    final @Nullable D known(int stream) {
        return devices.get(stream);
    }

    @Override
    public final void map(int stream, int pasid, long iova, long physical, long bytes, int pageShift, int permissions) {
        if (physical + bytes - 1 >>> physicalBits != 0) {
            throw new IllegalArgumentException(
                    String.format("0x%x is mapped to, expected addresses below 2^%d", physical, physicalBits));
        }
        device(stream).map(pasid, iova, physical, bytes, pageShift, permissions);
    }

    @Override
    public final void unmap(int stream, int pasid, long iova, long bytes, int pageShift) {
        D device = devices.get(stream);
        if (device != null) {
            device.unmap(pasid, iova, bytes, pageShift);
        }
    }

    @Override
    public final void invalidate(int stream, int pasid, long iova, long bytes) {
        D device = devices.get(stream);
        if (device != null) {
            device.invalidate(pasid, iova, bytes);
        }
    }

    @Override
    public final int addressSpaces() {
        int count = 0;
        for (D device : devices.values()) {
            count += device.addressSpaces();
        }
        return count;
    }
}
