// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

/** A device as the kernel knows it. */
public final class HostDevice {
    private final int stream;
    private final IommuGroup group;
    private final DeviceFunction function;

    /**
     * A device of a group, to which it is added.
     *
     * @param stream StreamID or requester id
     */
    public HostDevice(int stream, IommuGroup group, DeviceFunction function) {
        this.stream = stream;
        this.group = group;
        this.function = function;
        group.add(this);
    }

    /** Its StreamID or requester id. */
    public int stream() {
        return stream;
    }

    /** Its group. */
    public IommuGroup group() {
        return group;
    }

    /** Its configuration space. */
    public DeviceFunction function() {
        return function;
    }

    @Override
    public String toString() {
        return String.format("device %02x:%02x.%x", stream >>> 8 & 0xFF, stream >>> 3 & 0x1F, stream & 7);
    }
}
