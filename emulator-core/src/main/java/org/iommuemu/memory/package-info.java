// SPDX-License-Identifier: Apache-2.0
/**
 * Physical memory as the IOMMU, its devices and its software see it: 52 bits, sparse, little-endian, off-heap.
 *
 * <p>{@link org.iommuemu.memory.PhysicalMemory} is the entrance. Pages come into being when they are first written, out of
 * slabs that Chronicle Bytes allocates and that are only ever addressed through Agrona's checked buffers; a
 * {@link org.iommuemu.memory.MemoryImage} puts a file under them, read-only and copied on write. Ranges can be absent or
 * poisoned, which is how an external abort comes about. May use nothing of the house but {@code bits}.
 */
@NullMarked
package org.iommuemu.memory;

import org.jspecify.annotations.NullMarked;
