// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/**
 * What a translation allows, as six bits: read, write and execute, for privileged and for unprivileged requests. A request
 * needs one bit (an atomic needs two); it is allowed if the translation has them all.
 */
public final class Permission {
    /** Privileged read. */
    public static final int PRIVILEGED_READ = 1;
    /** Privileged write. */
    public static final int PRIVILEGED_WRITE = 1 << 1;
    /** Privileged instruction fetch. */
    public static final int PRIVILEGED_EXECUTE = 1 << 2;
    /** Unprivileged read. */
    public static final int UNPRIVILEGED_READ = 1 << 3;
    /** Unprivileged write. */
    public static final int UNPRIVILEGED_WRITE = 1 << 4;
    /** Unprivileged instruction fetch. */
    public static final int UNPRIVILEGED_EXECUTE = 1 << 5;
    /** What no translation has. */
    public static final int NEVER = 1 << 6;
    /** Everything. */
    public static final int ALL = (1 << 6) - 1;
    /** Everything that is privileged. */
    public static final int PRIVILEGED = PRIVILEGED_READ | PRIVILEGED_WRITE | PRIVILEGED_EXECUTE;
    /** Every read bit: what is left of a need when only the missing reads matter. */
    public static final int READS = PRIVILEGED_READ | UNPRIVILEGED_READ;
    /** Every execute bit. */
    public static final int EXECUTES = PRIVILEGED_EXECUTE | UNPRIVILEGED_EXECUTE;

    private Permission() {}

    /** The bits for one privilege out of three booleans. */
    public static int of(boolean privileged, boolean read, boolean write, boolean execute) {
        int bits = (read ? 1 : 0) | (write ? 2 : 0) | (execute ? 4 : 0);
        return privileged ? bits : bits << 3;
    }

    /** The bits as {@code rwx/rwx}, privileged first. */
    public static String text(int permissions) {
        StringBuilder out = new StringBuilder(7);
        for (int i = 0; i < 6; i++) {
            if (i == 3) {
                out.append('/');
            }
            out.append((permissions >>> i & 1) != 0 ? "rwx".charAt(i % 3) : '-');
        }
        return out.toString();
    }
}
