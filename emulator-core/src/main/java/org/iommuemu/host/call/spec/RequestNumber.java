// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call.spec;

/** Numbers of ioctls without size and direction (asm-generic/ioctl.h), which VFIO and iommufd use. */
public final class RequestNumber {
    /** The type of VFIO, and of iommufd. */
    public static final char TYPE = ';';
    /** VFIO's first. */
    public static final int VFIO_BASE = 100;

    private RequestNumber() {}

    /** {@code _IO(';', number)}. */
    public static int of(int number) {
        return TYPE << 8 | number;
    }
}
