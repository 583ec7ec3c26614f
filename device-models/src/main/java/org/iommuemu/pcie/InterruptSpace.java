// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** Where message-signalled interrupts are taken instead of memory. */
public interface InterruptSpace {
    /** Nowhere: they are written to memory. */
    InterruptSpace NONE = new InterruptSpace() {
        @Override
        public boolean takesUntranslated(long address) {
            return false;
        }

        @Override
        public boolean takesPhysical(long address) {
            return false;
        }

        @Override
        public void deliver(int requester, long address, int data, int bytes) {}
    };

    /** Whether an untranslated write without PASID to an address is an interrupt, which no page table concerns (VT-d: 0xFEEx_xxxx). */
    boolean takesUntranslated(long address);

    /** Whether a write to a physical address, translated like any other, is an interrupt (Arm: GITS_TRANSLATER). */
    boolean takesPhysical(long address);

    /**
     * A write has come to where interrupts are taken.
     *
     * @param data its first four bytes
     * @param bytes how many it has; an interrupt has four
     */
    void deliver(int requester, long address, int data, int bytes);
}
