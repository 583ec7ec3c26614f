// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.pcie.spec.PcieCapability;
import org.iommuemu.pcie.spec.Type0Header;
import org.iommuemu.pcie.spec.Type1Header;

/**
 * What firmware does with a segment: gives numbers to buses, addresses to BARs and windows to bridges, depth first, and sets one
 * Max_Payload_Size that all can take. Then bridges forward and functions answer; to let them send requests is for drivers.
 */
public final class Enumeration {
    private static final int ABSENT = 0xFFFF;
    private static final long MEGABYTE = 1L << Type1Header.WINDOW_SHIFT;
    private static final int FORWARD = 0x6;
    private static final int ANSWER = 0x2;

    /** Addresses that are given out from the lowest on. */
    private static final class Space {
        private long next;
        private final long end;

        Space(long base, long bytes) {
            next = base;
            end = base + bytes;
        }

        /** An address, a multiple of the size; -1 if there is none left. */
        long take(long bytes) {
            long at = next + bytes - 1 & -bytes;
            if (at < next || end - at < bytes || at >= end) {
                return -1;
            }
            next = at + bytes;
            return at;
        }

        long align() {
            next = next + MEGABYTE - 1 & -MEGABYTE;
            return next;
        }
    }

    private final RegisterFrame ecam;
    private final Space narrow;
    private final Space wide;
    private final List<Integer> found = new ArrayList<>();
    private int lastBus;
    private int payload = PcieCapability.MPS_SUPPORTED.getInt(-1L);

    /**
     * An enumeration that has not begun.
     *
     * @param narrowBase where BARs of 32 bits may be, a multiple of 1 MiB
     * @param wideBase where prefetchable BARs of 64 bits may be, a multiple of 1 MiB
     */
    public Enumeration(RegisterFrame ecam, long narrowBase, long narrowBytes, long wideBase, long wideBytes) {
        this.ecam = ecam;
        narrow = new Space(narrowBase, narrowBytes);
        wide = new Space(wideBase, wideBytes);
    }

    /** Does it; returns the requester ids of all functions that were found, in the order in which they were. */
    public List<Integer> run(SortedSet<Integer> rootBuses) {
        lastBus = rootBuses.last();
        rootBuses.forEach(this::scan);
        found.forEach(this::setPayload);
        return List.copyOf(found);
    }

    private int read(int id, Register r) {
        return (int) ecam.readRegister(Ecam.offset(id) + r.offset(), r.bytes());
    }

    private void write(int id, Register r, long value) {
        ecam.writeRegister(Ecam.offset(id) + r.offset(), r.bytes(), value);
    }

    private void scan(int bus) {
        for (int device = 0; device < 32; device++) {
            // Functions other than 0 may be there where function 0 says so; integrated ones may have no function 0.
            for (int function = 0; function < 8; function++) {
                int id = bus << 8 | device << 3 | function;
                if (read(id, CommonHeader.VENDOR_ID) != ABSENT) {
                    found.add(id);
                    int type = read(id, CommonHeader.HEADER_TYPE);
                    if (CommonHeader.HEADER_LAYOUT.get(type) == 1) {
                        bridge(id, bus);
                    } else {
                        endpoint(id);
                    }
                    payload = Math.min(payload, supported(id));
                }
            }
        }
    }

    private void bridge(int id, int bus) {
        if (lastBus == 0xFF) {
            return; // No number is left: what is behind it stays out of reach.
        }
        int secondary = ++lastBus;
        write(id, Type1Header.PRIMARY_BUS, bus);
        write(id, Type1Header.SECONDARY_BUS, secondary);
        write(id, Type1Header.SUBORDINATE_BUS, 0xFF);
        long base = narrow.align();
        long wideBase = wide.align();
        scan(secondary);
        write(id, Type1Header.SUBORDINATE_BUS, lastBus);
        window(id, Type1Header.MEMORY_BASE, Type1Header.MEMORY_LIMIT, base, narrow.align());
        long end = wide.align();
        window(id, Type1Header.PREFETCHABLE_BASE, Type1Header.PREFETCHABLE_LIMIT, wideBase, end);
        boolean some = end > wideBase;
        write(id, Type1Header.PREFETCHABLE_BASE_UPPER, some ? wideBase >>> Integer.SIZE : 0xFFFF_FFFFL);
        write(id, Type1Header.PREFETCHABLE_LIMIT_UPPER, some ? end - 1 >>> Integer.SIZE : 0);
        write(id, CommonHeader.COMMAND, FORWARD);
    }

    /** A window with its last address below the first is closed. */
    private void window(int id, Register base, Register limit, long from, long to) {
        boolean some = to > from;
        write(id, base, some ? Type1Header.WINDOW.of(from >>> Type1Header.WINDOW_SHIFT) : 0xFFF0);
        write(id, limit, some ? Type1Header.WINDOW.of(to - 1 >>> Type1Header.WINDOW_SHIFT) : 0);
    }

    private void endpoint(int id) {
        boolean placed = true;
        for (int i = 0; i < Type0Header.BARS; i++) {
            Register bar = Type0Header.BAR.get(i);
            write(id, bar, 0xFFFF_FFFFL);
            long low = read(id, bar) & 0xFFFF_FFFFL;
            boolean pair = Type0Header.TYPE.get(low) == 2 && i + 1 < Type0Header.BARS;
            long mask = Type0Header.BASE.inPlace(low) | -1L << Integer.SIZE;
            if (pair) {
                Register upper = Type0Header.BAR.get(i + 1);
                write(id, upper, 0xFFFF_FFFFL);
                mask = Type0Header.BASE.inPlace(low) | (long) read(id, upper) << Integer.SIZE;
            } else if (low == 0) {
                continue;
            }
            long at = (pair ? wide : narrow).take(-mask);
            placed &= at >= 0;
            write(id, bar, Math.max(0, at));
            if (pair) {
                write(id, Type0Header.BAR.get(++i), Math.max(0, at) >>> Integer.SIZE);
            }
        }
        if (placed) {
            write(id, CommonHeader.COMMAND, read(id, CommonHeader.COMMAND) | ANSWER);
        }
    }

    /** Where the PCI Express capability is, or -1. */
    private int pcie(int id) {
        int at = read(id, CommonHeader.CAPABILITIES_POINTER);
        while (at != 0) {
            int header = (int) ecam.readRegister(Ecam.offset(id) + at, 2);
            if ((header & 0xFF) == PcieCapability.ID) {
                return at;
            }
            at = header >>> 8;
        }
        return -1;
    }

    private int supported(int id) {
        int at = pcie(id);
        return at < 0
                ? payload
                : PcieCapability.MPS_SUPPORTED.getInt(
                        read(id, ConfigSpaceBuilder.at(at, PcieCapability.DEVICE_CAPABILITIES)));
    }

    private void setPayload(int id) {
        int at = pcie(id);
        if (at >= 0) {
            Register control = ConfigSpaceBuilder.at(at, PcieCapability.DEVICE_CONTROL);
            write(id, control, PcieCapability.MPS.set(read(id, control), payload));
        }
    }
}
