// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

/**
 * A recorded register.
 *
 * @param offset bytes from the IOMMU's register base
 * @param name as in the specification; empty where the recorder did not know it
 * @param size bytes, 4 or 8
 * @param value zero-extended
 */
public record RegisterValue(long offset, String name, int size, long value) {}
