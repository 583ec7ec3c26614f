// SPDX-License-Identifier: Apache-2.0
/**
 * Time: one tick is one picosecond, kept in a 64-bit {@code long}, from 0. Bytes are the only other unit.
 *
 * <p>Two ways to let time pass, which work side by side:
 *
 * <ul>
 *   <li>{@link org.iommuemu.time.EventLoop}, where somebody else acts: devices, software, time-outs. Events go off in the order
 *       of (time, sequence); what they cost depends on their number, never on the time between them.
 *   <li>{@link org.iommuemu.time.Resource}s, where one and the same transaction passes through stages: it asks each of them when
 *       it may start and gets the answer at once, so nothing is scheduled. Resources take reservations in any order of time and
 *       say what that approximates; reservations made in order of time are exact. They know who waited for them, and how long.
 * </ul>
 *
 * <p>{@link org.iommuemu.time.Picoseconds}, {@link org.iommuemu.time.ClockDomain} and {@link org.iommuemu.time.ByteRate} bring
 * figures of data sheets into these units; {@link org.iommuemu.time.RandomStream} is the randomness of the model.
 *
 * <p>Floor 0: uses Agrona's maps and nothing of the house. Nothing here allocates once it has grown to its working size, reads
 * the host's clock, or depends on the host. One thread. Start reading at {@link org.iommuemu.time.EventLoop}, then
 * {@link org.iommuemu.time.Slots}.
 */
@NullMarked
package org.iommuemu.time;

import org.jspecify.annotations.NullMarked;
