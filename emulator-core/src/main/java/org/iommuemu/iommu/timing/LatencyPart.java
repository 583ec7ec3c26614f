// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/** What a transaction's time is spent on. The parts of a {@link Journey} add up to its latency. */
public enum LatencyPart {
    /** In the device, on the PCIe link and in the root complex: serialisation, propagation, processing. */
    LINK("link"),
    /**
     * Waiting for tags, credits, those before on a link or in memory, software that answers a page request, a window, a port, a walker,
     * or a table that somebody else walks.
     */
    QUEUE("queue wait"),
    /** Looking up TLBs, hit or miss. */
    LOOKUP("lookup"),
    /** Fetching the stream's configuration, or waiting for its fetch under way. */
    CONFIGURATION("configuration"),
    /** Walking tables, or waiting for the same walk under way. */
    WALK("walk"),
    /** Reading or writing the data. */
    MEMORY("memory"),
    /** Translated, but behind predecessors that are not. */
    ORDER("ordering");

    private final String text;

    LatencyPart(String text) {
        this.text = text;
    }

    /** What reports call it. */
    public String text() {
        return text;
    }
}
