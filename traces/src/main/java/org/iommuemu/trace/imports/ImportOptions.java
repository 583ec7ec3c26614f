// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

/**
 * What an import is told.
 *
 * @param stream StreamID of what names no device; {@link #UNKNOWN} to leave it to the file
 */
public record ImportOptions(long stream) {
    /** No StreamID is given. */
    public static final long UNKNOWN = -1;
}
