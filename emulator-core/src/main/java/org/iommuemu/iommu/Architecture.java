// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.Walker;
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

    /**
     * What a leaf allows.
     *
     * @return {@link org.iommuemu.paging.Permission} bits
     */
    int permissions(TableRoot root, long leaf, long restrictions);

    /** Whether a leaf is shared by all address spaces. */
    boolean isGlobal(TableRoot root, long leaf);

    /** Memory attributes of a leaf, as {@link Verdict#attributes()} gives them; at most 48 bits. */
    long attributes(TableRoot root, long leaf);

    /**
     * Reports a fault and ends the transaction.
     *
     * @param held permission bits that the translation has, for {@link FaultKind#PERMISSION}
     * @param walker where the walk ended, for faults of a walk
     */
    void fault(
            Transaction transaction,
            TranslationContext context,
            FaultKind kind,
            int held,
            Walker walker,
            Verdict verdict);
}
