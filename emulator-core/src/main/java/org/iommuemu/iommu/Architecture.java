// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.jspecify.annotations.Nullable;

/**
 * What differs between IOMMU architectures on a transaction's way: how configuration is found and how a fault is reported.
 * Called on misses and faults only.
 */
public interface Architecture {
    /** Answers a transaction while translation is off. */
    void translateDisabled(Transaction transaction, Verdict verdict);

    /**
     * Finds the configuration of a transaction's stream in memory.
     *
     * @return the context, or null if the transaction has ended: {@code verdict} says how, and what had to be recorded has been
     */
    @Nullable
    TranslationContext fetchContext(Transaction transaction, Verdict verdict);

    /** Answers a transaction of a context that does not translate. */
    void passThrough(Transaction transaction, TranslationContext context, Verdict verdict);

    /** Reports a fault and ends the transaction. */
    void fault(Transaction transaction, TranslationContext context, Fault fault, Verdict verdict);
}
