// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * Where a machine's wired interrupts go. An edge comes in the middle of what caused it, a transaction or a register write: the
 * listener takes note of it, and acts once the machine has returned.
 */
@FunctionalInterface
public interface InterruptSink {
    /** Nobody listens. */
    InterruptSink NONE = line -> {};

    /** An edge on a line, named as the specification names it. */
    void pulse(String line);

    /** A message of the machine itself to where interrupts are taken, not to memory. */
    default void message(long address, int data) {}
}
