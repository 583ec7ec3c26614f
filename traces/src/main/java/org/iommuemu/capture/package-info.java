// SPDX-License-Identifier: Apache-2.0
/**
 * Captures: folders of data recorded from a running IOMMU. A capture holds sparse guest memory and register values at a
 * stop, the live mappings and probes with another model's answers, and the stream of DMA and invalidations that led
 * there.
 *
 * <p>This package reads and checks; it knows no IOMMU and translates nothing. It uses the JDK, Jackson for JSON and
 * zstd-jni. Whatever is wrong with a file ends in an {@link org.iommuemu.capture.InputException} whose one-line message
 * names the file, the line and what was expected.
 *
 * <p>Small tables (mappings, probes, register accesses) come as lists of records. Long ones (traces, page-table writes)
 * come as a {@link org.iommuemu.capture.CsvTable}, a cursor in constant memory.
 *
 * <p>Start reading at {@link org.iommuemu.capture.Capture}.
 */
package org.iommuemu.capture;
