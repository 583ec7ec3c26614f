// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import org.iommuemu.device.nvme.NvmeParameters;

/**
 * What a drive is made to do: requests at random places, as many under way at any time as the queues allow.
 *
 * @param write whether it writes instead of reading
 * @param bytes of each, a multiple of 4 KiB
 * @param queues pairs of I/O queues
 * @param depth requests that are under way in each
 * @param pageShift log2 of the pages that queues, and buffers that are mapped once, are mapped in, 12 or 21
 * @param drive the controller and its medium
 * @param requests that are measured; a quarter as many before them is not
 * @param seed of the places
 */
public record NvmeLoad(
        boolean write,
        int bytes,
        int queues,
        int depth,
        int pageShift,
        NvmeParameters drive,
        long requests,
        long seed) {}
