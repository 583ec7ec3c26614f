// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

/** Names of window sizes. */
final class Windows {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    private Windows() {}

    static String text(long bytes) {
        if (bytes < MIB) {
            return bytes / KIB + " KiB";
        }
        return bytes % MIB == 0 ? bytes / MIB + " MiB" : (double) bytes / MIB + " MiB";
    }
}
