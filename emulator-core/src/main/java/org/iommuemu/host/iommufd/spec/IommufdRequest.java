// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd.spec;

import org.jspecify.annotations.Nullable;

/** Requests of /dev/iommu. The size of a structure is its first field; one may be shorter or longer than the kernel's. */
public enum IommufdRequest {
    DESTROY(0x80, 8, 8),
    IOAS_ALLOC(0x81, 12, 12),
    IOAS_ALLOW_IOVAS(0x82, 24, 24),
    IOAS_COPY(0x83, 40, 40),
    IOAS_IOVA_RANGES(0x84, 32, 32),
    IOAS_MAP(0x85, 40, 40),
    IOAS_UNMAP(0x86, 24, 24),
    OPTION(0x87, 24, 24),
    VFIO_IOAS(0x88, 12, 12),
    HWPT_ALLOC(0x89, 24, 48),
    GET_HW_INFO(0x8A, 32, 40),
    HWPT_SET_DIRTY_TRACKING(0x8B, 16, 16),
    HWPT_GET_DIRTY_BITMAP(0x8C, 48, 48),
    HWPT_INVALIDATE(0x8D, 32, 32),
    FAULT_QUEUE_ALLOC(0x8E, 16, 16),
    IOAS_MAP_FILE(0x8F, 40, 40),
    VIOMMU_ALLOC(0x90, 24, 40),
    VDEVICE_ALLOC(0x91, 24, 24),
    IOAS_CHANGE_PROCESS(0x92, 8, 8),
    VEVENTQ_ALLOC(0x93, 28, 32),
    HW_QUEUE_ALLOC(0x94, 40, 40);

    /** The first number. */
    public static final int BASE = 0x80;

    private static final int TYPE = ';' << 8;
    private static final IommufdRequest[] ALL = values();

    private final int number;
    private final int minimum;
    private final int bytes;

    IommufdRequest(int number, int minimum, int bytes) {
        this.number = number;
        this.minimum = minimum;
        this.bytes = bytes;
    }

    /** The second parameter of ioctl(2): {@code _IO(';', number)}. */
    public int request() {
        return TYPE | number;
    }

    /** Bytes of the structure's first version, which a caller has to give at least. */
    public int minimum() {
        return minimum;
    }

    /** Bytes that the kernel knows of the structure. */
    public int bytes() {
        return bytes;
    }

    /** Whether a request's lower eight bits are one of these, whatever its type. */
    public static boolean isNumber(int request) {
        int number = request & 0xFF;
        return number >= BASE && number < BASE + ALL.length;
    }

    /** The request, or null if it is none of these. */
    public static @Nullable IommufdRequest of(int request) {
        return isNumber(request) && (request & ~0xFF) == TYPE ? ALL[(request & 0xFF) - BASE] : null;
    }
}
