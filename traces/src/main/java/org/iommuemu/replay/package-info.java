// SPDX-License-Identifier: Apache-2.0
/**
 * Runs captures through a machine: {@link org.iommuemu.replay.SnapshotVerifier} presents the rows of a snapshot, {@link
 * org.iommuemu.replay.CaptureReplay} a whole trace with its commands and tables, {@link org.iommuemu.replay.ProbeReplay} a
 * driver's register accesses from reset, {@link org.iommuemu.replay.InterruptReplay} the interrupts of its devices, {@link
 * org.iommuemu.replay.Explanation} one access, entry by entry. They drive the machine as software and devices do; where the
 * recording model departs from the architecture, a {@link org.iommuemu.replay.AgreementRule} says so by name.
 *
 * <p>A DMA trace, which is no capture, goes through {@link org.iommuemu.replay.TraceRun}: a file and settings in, figures out.
 *
 * <p>All of these are the same for every architecture. What differs is behind {@code CapturedMachine}: {@code SmmuCapture} and
 * {@code VtdCapture}, with the parts that they give out.
 */
@NullMarked
package org.iommuemu.replay;

import org.jspecify.annotations.NullMarked;
