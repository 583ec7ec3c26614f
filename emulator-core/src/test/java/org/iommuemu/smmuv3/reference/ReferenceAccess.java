// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/**
 * What a transaction does.
 *
 * @param write it writes; an atomic does
 * @param atomic it reads as well
 * @param instruction an instruction fetch
 * @param privileged privileged
 */
record ReferenceAccess(boolean write, boolean atomic, boolean instruction, boolean privileged) {
    /** The access that a device's code stands for: bits for write, instruction, privileged, atomic. */
    static ReferenceAccess of(int code) {
        boolean write = (code & 9) != 0;
        return new ReferenceAccess(write, (code & 8) != 0, (code & 2) != 0 && !write, (code & 4) != 0);
    }

    /** INSTCFG and PRIVCFG (fact sheet 2.2); writes stay data. */
    ReferenceAccess overridden(long instCfg, long privCfg) {
        boolean inst = !write && (instCfg == 3 || instCfg != 2 && instruction);
        boolean priv = privCfg == 3 || privCfg != 2 && privileged;
        return new ReferenceAccess(write, atomic, inst, priv);
    }

    boolean reads() {
        return atomic || !write && !instruction;
    }

    /** PnU, InD and RnW as they are in word 1 of a record. */
    long recorded() {
        return (privileged ? 1L << 33 : 0) | (instruction ? 1L << 34 : 0) | (write ? 0 : 1L << 35);
    }
}
