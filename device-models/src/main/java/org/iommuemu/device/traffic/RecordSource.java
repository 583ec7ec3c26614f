// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

/** Records of DMA and of mappings, one after the other; the accessors are of the current one. */
public interface RecordSource {
    /** What a record is. */
    enum Kind {
        /** A device reads. */
        READ,
        /** A device writes. */
        WRITE,
        /** A device does an AtomicOp: fetch and add of 0. */
        ATOMIC,
        /** A device asks for a translation. */
        TRANSLATION_REQUEST,
        /** A device asks for a page. */
        PAGE_REQUEST,
        /** Software maps pages. */
        MAP,
        /** Software unmaps pages. */
        UNMAP,
        /** Software invalidates. */
        INVALIDATE
    }

    /** Goes to the next record; returns false at the end. */
    boolean next();

    /** What it is. */
    Kind kind();

    /** In ps, not before that of the record before. */
    long time();

    /** Whose it is. */
    int stream();

    /** PASID, or {@link org.iommuemu.iommu.Transaction#NO_SUBSTREAM}. */
    int pasid();

    /** Input address of the first byte. */
    long iova();

    /** In bytes. */
    long length();

    /** What a device's record does or asks for, in the words of {@link org.iommuemu.iommu.Access}. */
    int access();

    /** Of a page request: whether it is the last of its group. */
    boolean last();

    /** Of a page request: its group. */
    int group();

    /** Software's records: what is to be done, by a driver, at once. */
    void execute();
}
