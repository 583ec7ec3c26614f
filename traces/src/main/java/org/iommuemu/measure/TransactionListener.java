// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.Journey.Outcome;

/** Is shown every transaction that is counted. Called on the hot path: it is to be short, and to keep none of its arguments. */
@FunctionalInterface
public interface TransactionListener {
    /**
     * A transaction is over.
     *
     * @param t the transaction
     * @param bytes its length
     * @param at when it began, in ps
     * @param end when it was answered, in ps
     * @param v its verdict
     * @param journey what the time between was spent on
     * @param outcome how it found its translation
     * @param reads structures and descriptors read for it
     */
    void measured(Transaction t, int bytes, long at, long end, Verdict v, Journey journey, Outcome outcome, int reads);
}
