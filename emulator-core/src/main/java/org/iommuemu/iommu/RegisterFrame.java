// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** Registers as software reaches them. */
public interface RegisterFrame {
    /**
     * A register read.
     *
     * @param offset from the start of the register frame
     * @param size bytes; an access that is not of 4 or 8 aligned bytes reads as zero
     */
    long readRegister(long offset, int size);

    /** A register write; an access that is not of 4 or 8 aligned bytes is ignored. */
    void writeRegister(long offset, int size, long value);
}
