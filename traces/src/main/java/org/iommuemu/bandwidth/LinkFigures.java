// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

/**
 * What was seen on a device's link. All times in ps.
 *
 * @param wire mean time of a TLP from device to root complex
 * @param read mean time of a read from its way onto the link until its last data are back
 * @param reads how many of those
 * @param tags mean number of requests that waited for a completion
 * @param mostTags how many could
 * @param atsUp how much of the time TLPs of ATS took of the way up, 0 to 1: Translation Requests, Invalidate Completions, Page Requests
 * @param atsDown the same of the way down: Translation Completions, Invalidate Requests, PRG Responses
 */
public record LinkFigures(
        double wire, double read, long reads, double tags, int mostTags, double atsUp, double atsDown) {}
