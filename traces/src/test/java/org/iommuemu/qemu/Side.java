// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

/** A machine with an IOMMU and edu devices, as software on it sees it. */
interface Side extends AutoCloseable {
    /** Slots of the edu devices on bus 0; a requester id is the slot times 8. */
    int[] SLOTS = {3, 4, 0x1C};

    /** Stores to physical memory. */
    void store(long address, byte[] data);

    /** Loads from physical memory. */
    byte[] load(long address, int bytes);

    /** Writes a register of the IOMMU. */
    void writeRegister(long offset, int size, long value);

    /** Reads a register of the IOMMU. */
    long readRegister(long offset, int size);

    /** Writes a register of an edu device. */
    void writeDevice(int device, long offset, int size, long value);

    /** Reads a register of an edu device. */
    long readDevice(int device, long offset, int size);

    /** Lets time pass until a device has ended what it does. */
    void settle(int device);

    @Override
    void close();
}
