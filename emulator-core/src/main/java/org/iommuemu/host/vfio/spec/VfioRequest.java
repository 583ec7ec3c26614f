// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio.spec;

import org.iommuemu.host.call.spec.RequestNumber;

/** Request numbers (linux/vfio.h; the last three: see their structures). */
public final class VfioRequest {
    /** Of a container: returns {@link #API_VERSION}. */
    public static final int GET_API_VERSION = RequestNumber.of(RequestNumber.VFIO_BASE);
    /** Of a container: whether it has what a number says, see {@link Extension}. */
    public static final int CHECK_EXTENSION = RequestNumber.of(RequestNumber.VFIO_BASE + 1);
    /** Of a container: takes a kind of IOMMU, by its number among {@link Extension}. */
    public static final int SET_IOMMU = RequestNumber.of(RequestNumber.VFIO_BASE + 2);
    /** Of a group: {@link GroupStatus}. */
    public static final int GROUP_GET_STATUS = RequestNumber.of(RequestNumber.VFIO_BASE + 3);
    /** Of a group: joins a container; takes a pointer to a file descriptor of 32 bits. */
    public static final int GROUP_SET_CONTAINER = RequestNumber.of(RequestNumber.VFIO_BASE + 4);
    /** Of a group: leaves its container. */
    public static final int GROUP_UNSET_CONTAINER = RequestNumber.of(RequestNumber.VFIO_BASE + 5);
    /** Of a group: opens a device, whose name it takes, ending in a zero. */
    public static final int GROUP_GET_DEVICE_FD = RequestNumber.of(RequestNumber.VFIO_BASE + 6);
    /** Of a device: {@link DeviceInfo}. */
    public static final int DEVICE_GET_INFO = RequestNumber.of(RequestNumber.VFIO_BASE + 7);
    /** Of a container: {@link IommuInfo}. */
    public static final int IOMMU_GET_INFO = RequestNumber.of(RequestNumber.VFIO_BASE + 12);
    /** Of a container: {@link DmaMap}. */
    public static final int IOMMU_MAP_DMA = RequestNumber.of(RequestNumber.VFIO_BASE + 13);
    /** Of a container: {@link DmaUnmap}. */
    public static final int IOMMU_UNMAP_DMA = RequestNumber.of(RequestNumber.VFIO_BASE + 14);
    /** Of a container: {@link Bind}. */
    public static final int IOMMU_BIND = RequestNumber.of(RequestNumber.VFIO_BASE + 22);
    /** Of a container: {@link Bind}. */
    public static final int IOMMU_UNBIND = RequestNumber.of(RequestNumber.VFIO_BASE + 23);
    /** Of a container of 2017, where {@link #IOMMU_BIND} would be: {@link SvmBind}. */
    public static final int IOMMU_SVM_BIND_TASK = RequestNumber.of(RequestNumber.VFIO_BASE + 22);

    /** The version of the interface. */
    public static final int API_VERSION = 0;

    private VfioRequest() {}
}
