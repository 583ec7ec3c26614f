// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** An IOMMU as software and devices see it: registers on one side, transactions on the other. */
public interface Iommu {
    /** Answers one transaction, which must not cross a 4 KiB page. */
    void translate(Transaction transaction, Verdict verdict);

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
