// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.Arrays;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.WalkObserver;

/** What the machine read from memory for the transaction under way, in order. */
final class Footprint implements WalkObserver, StructureObserver {
    private static final int USUAL = 64;
    private static final int SECOND_STAGE = 2;

    private long[] addresses = new long[USUAL];
    private int reads;
    private int secondStage;
    private int structures;
    private int configuration;
    private boolean configurationCached;
    private long lastDescriptor;

    void clear() {
        configurationCached = false;
        reads = 0;
        secondStage = 0;
        structures = 0;
        configuration = 0;
        lastDescriptor = -1;
    }

    /** Configuration that the machine looks at from now on comes from its cache, even where it reads memory. */
    void configurationIsCached() {
        configurationCached = true;
    }

    @Override
    public void fetched(Layout layout, long address, long[] words) {
        if (configurationCached) {
            return;
        }
        add(address);
        structures++;
        configuration = reads;
    }

    @Override
    public void descriptor(TableRoot root, int height, long address, long descriptor) {
        add(address);
        lastDescriptor = address;
        secondStage += root.stage() == SECOND_STAGE ? 1 : 0;
    }

    private void add(long address) {
        if (reads == addresses.length) {
            addresses = Arrays.copyOf(addresses, 2 * reads);
        }
        addresses[reads++] = address;
    }

    /** Structures and descriptors read. */
    int reads() {
        return reads;
    }

    /** Of those, configuration structures. */
    int structures() {
        return structures;
    }

    /** Of those, descriptors of a second stage. */
    int secondStage() {
        return secondStage;
    }

    /** The reads up to the last configuration structure: those that found the configuration. */
    int configuration() {
        return configuration;
    }

    long address(int read) {
        return addresses[read];
    }

    /** Where the last descriptor was read, or -1 if none was. */
    long lastDescriptor() {
        return lastDescriptor;
    }
}
