// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

/**
 * What a network card is made to do.
 *
 * @param send whether it sends instead of receiving
 * @param packet bytes of each, without check sequence
 * @param queues of the direction, and flows by the thousand
 * @param ring descriptors of each
 * @param pageShift log2 of the pages that buffers and rings are mapped in, 12 or 21
 * @param gigabits rate of the line, in Gbit/s
 * @param packets that are measured; a quarter as many before them is not
 * @param seed of flows and data
 */
public record NicLoad(
        boolean send, int packet, int queues, int ring, int pageShift, int gigabits, long packets, long seed) {}
