// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

/** Why a queue has stopped by itself: the codes of QSTS.CAUSE. */
public enum StopCause {
    /** It has not. */
    NONE,
    /** The ring's address or size is not as it must be. */
    RING,
    /** The tail is beyond the ring. */
    TAIL,
    /** A packet of more descriptors than the card puts together. */
    CHAIN,
    /** DMA of descriptors to be read has failed. */
    DESCRIPTOR_READ,
    /** DMA of a packet has failed. */
    DATA,
    /** DMA of descriptors to be written back has failed. */
    WRITE_BACK
}
