// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/**
 * The end of a walk.
 *
 * @param place physical address of the descriptor
 * @param ipa what it was before stage 2
 * @param descriptor the block or page descriptor
 * @param shift log2 of the block or page
 * @param output translated address
 * @param tables APTable, XNTable and PXNTable of all tables on the way, where they are: bits 62:59
 */
record ReferenceLeaf(long place, long ipa, long descriptor, int shift, long output, long tables) {
    boolean get(int bit) {
        return ReferenceRegisters.bit(descriptor, bit);
    }

    boolean table(int bit) {
        return ReferenceRegisters.bit(tables, bit);
    }

    boolean accessed() {
        return get(10);
    }
}
