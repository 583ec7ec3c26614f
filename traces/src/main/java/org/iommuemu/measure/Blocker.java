// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.iommuemu.iommu.timing.Journey.Outcome;

/**
 * Transactions that others, translated already, had to wait for because reads, or writes, leave in order. All of a transaction's
 * wait is put down to that predecessor which was answered last.
 *
 * @param stream whose transactions they are, or {@link StreamFigures#OTHERS}
 * @param outcome how they found their translation
 * @param delayed how many transactions waited for them
 * @param time how long those waited together, in ps
 */
public record Blocker(long stream, Outcome outcome, long delayed, long time) {}
