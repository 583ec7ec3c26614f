// SPDX-License-Identifier: Apache-2.0
/**
 * Replays the map and unmap calls of a kernel on the models of its drivers: {@link org.iommuemu.replay.joined.DriverReplay} hands the calls of a
 * {@code joined.csv} to a driver, and compares what its IOMMU consumes and translates with what the recorded one did.
 *
 * <p>{@code Survey} reads the file once to know what machine it is of; {@link org.iommuemu.capture.RowOrder} puts accesses on the right side of the calls that
 * they are a few µs from; {@code DrivenMachine} is the IOMMU with its driver, whose queue is watched at the IOMMU's end; {@code
 * CommandComparison} compares batches of commands, {@code FlushComparison} says when the timers of flush queues run.
 */
@NullMarked
package org.iommuemu.replay.joined;

import org.jspecify.annotations.NullMarked;
