// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid.spec;

import org.iommuemu.host.call.spec.RequestNumber;

/** Numbers of the calls, beyond those of VFIO and iommufd. */
public final class IoasidRequests {
    private static final int BASE = 0xA0;

    /** Of /dev/ioasid, with an {@link IoasidLayout}. */
    public static final int ALLOC = RequestNumber.of(BASE);
    /** Of /dev/ioasid, with an {@link IoasidLayout}. */
    public static final int FREE = RequestNumber.of(BASE + 1);
    /** Of /dev/ioasid, with a {@link BindPgtblLayout}. */
    public static final int BIND_PGTBL = RequestNumber.of(BASE + 2);
    /** Of /dev/ioasid, with an {@link IoasidLayout}. */
    public static final int UNBIND_PGTBL = RequestNumber.of(BASE + 3);
    /** Of a device, with an {@link AllowLayout}. */
    public static final int DEVICE_ALLOW_IOASID = RequestNumber.of(BASE + 4);
    /** Of a device, with an {@link AllowLayout}. */
    public static final int DEVICE_DISALLOW_IOASID = RequestNumber.of(BASE + 5);

    private IoasidRequests() {}
}
