// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

/**
 * An interrupt message on its way to the processors.
 *
 * @param address where it is written
 * @param data what is written, 32 bits
 */
public record InterruptMessage(long address, int data) {}
