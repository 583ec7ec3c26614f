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

    private long[] addresses = new long[USUAL];
    private int reads;
    private int structures;
    private int secondStage;
    private long lastDescriptor;

    void clear() {
        reads = 0;
        structures = 0;
        secondStage = 0;
        lastDescriptor = -1;
    }

    @Override
    public void fetched(Layout layout, long address, long[] words) {
        add(address);
        structures++;
    }

    @Override
    public void descriptor(TableRoot root, int height, long address, long descriptor) {
        add(address);
        secondStage += root.stage() == 2 ? 1 : 0;
        lastDescriptor = address;
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

    /** Of those, the configuration structures. */
    int structures() {
        return structures;
    }

    /** Of those, the descriptors of second-stage tables. */
    int secondStage() {
        return secondStage;
    }

    long address(int read) {
        return addresses[read];
    }

    /** Where the last descriptor was read, or -1 if none was. */
    long lastDescriptor() {
        return lastDescriptor;
    }
}
