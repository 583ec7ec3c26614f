// SPDX-License-Identifier: Apache-2.0
/**
 * What timed transactions took, counted as they go by. {@link org.iommuemu.measure.ReplayTimer} presents them, {@link
 * org.iommuemu.measure.Measurement} counts, and a {@link org.iommuemu.measure.TimingReport} is what comes of it: plain records,
 * from which text, JSON and charts are made elsewhere.
 *
 * <p>Counting allocates nothing per transaction, takes memory by streams and not by transactions, and reads no clock of the host's:
 * two runs give the same report. All times are in ps.
 */
@NullMarked
package org.iommuemu.measure;

import org.jspecify.annotations.NullMarked;
