// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.paging.Permission;

/**
 * What a transaction does, as a code of four bits: write, instruction, privileged, atomic. The code indexes tables of needed
 * {@link Permission} bits, so that a context's overrides of privilege and instruction cost one array load.
 */
public final class Access {
    /** Data read, unprivileged: what PCIe sends without a PASID prefix. */
    public static final int READ = 0;
    /** Write. */
    public static final int WRITE = 1;
    /** Instruction fetch (reads only). */
    public static final int INSTRUCTION = 1 << 1;
    /** Privileged. */
    public static final int PRIVILEGED = 1 << 2;
    /** Atomic: needs both read and write. */
    public static final int ATOMIC = 1 << 3;
    /** Number of codes. */
    public static final int CODES = 1 << 4;

    private Access() {}

    /** Whether the code writes memory; an atomic does. */
    public static boolean isWrite(int code) {
        return (code & (WRITE | ATOMIC)) != 0;
    }

    /** Whether the code is an instruction fetch; writes are always data. */
    public static boolean isInstruction(int code) {
        return (code & INSTRUCTION) != 0 && !isWrite(code);
    }

    /** Whether the code is privileged. */
    public static boolean isPrivileged(int code) {
        return (code & PRIVILEGED) != 0;
    }

    /** The permission bits that a code needs. */
    public static int need(int code) {
        boolean atomic = (code & ATOMIC) != 0;
        boolean instruction = isInstruction(code);
        return Permission.of(isPrivileged(code), atomic || !isWrite(code) && !instruction, isWrite(code), instruction);
    }
}
