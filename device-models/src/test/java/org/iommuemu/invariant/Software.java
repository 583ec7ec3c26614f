// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.time.Picoseconds;

/** Software that maps memory for devices, always new memory, and writes what it has taken back. */
final class Software {
    private static final int PAGE_SHIFT = 12;
    private static final int BLOCK_SHIFT = 21;

    /** What it is to meet in the end. */
    static final List<String> GOALS = List.of("silenced devices", "overflow of fault records told");

    /** What software takes for a page request. */
    private static final long HANDLING = Picoseconds.ofNanoseconds(3_000);
    /** How long a function may take to stop using a PASID. */
    private static final long STOPPING = Picoseconds.ofNanoseconds(5_000_000_000L);

    /** What software waits after a reset, in ns (PCIe Base Specification §6.6.2). */
    private static final int AFTER_RESET = 100_000_000;
    /** What translated requests need to arrive, in ns, which are not to find ATS on again. */
    private static final int ON_THE_WAY = 200_000;

    private final World world;
    private final IommuDriver driver;
    private final TakenFaults faults = new TakenFaults();
    private final boolean[] ats = new boolean[World.FUNCTIONS];
    private final boolean[] hadAts = new boolean[World.FUNCTIONS];
    /** Those that never may. */
    private final boolean[] rogue = new boolean[World.FUNCTIONS];

    private final boolean[] silent = new boolean[World.FUNCTIONS];
    private boolean serving;
    private long silences;
    private long nextFrame = World.FRAMES;
    private long nextBlock = World.FRAMES + (1L << 36);

    Software(World world, IommuDriver driver) {
        this.world = world;
        this.driver = driver;
        driver.onFault(faults);
        driver.onSilence(this::silent);
        driver.onPageRequest(this::bringIn, HANDLING);
        // What is attached to nothing is aborted without a record (IHI 0070 §5.2, Config 0b000).
        for (int f = 0; f < World.FUNCTIONS; f++) {
            driver.bind(Devices.requester(f), IommuDriver.NO_PASID);
        }
    }

    private static int pasid(int number) {
        return number == 0 ? IommuDriver.NO_PASID : number;
    }

    void map(int function, int pasid, long iova, int shift, boolean writable) {
        boolean taken = world.oracle().allOpen(function, pasid).stream()
                .anyMatch(m -> m.holds(iova) || m.iova >>> shift == iova >>> shift);
        if (taken) {
            return;
        }
        long physical = shift == PAGE_SHIFT ? nextFrame : nextBlock;
        nextFrame += shift == PAGE_SHIFT ? 1L << PAGE_SHIFT : 0;
        nextBlock += shift == PAGE_SHIFT ? 0 : 1L << BLOCK_SHIFT;
        world.fill(physical, filled(shift));
        map(function, pasid, iova, shift, physical, writable);
    }

    /** Of a large page devices only know the first pages. */
    private static int filled(int shift) {
        return shift == PAGE_SHIFT ? 1 << PAGE_SHIFT : World.PAGES_OF_REGION + 2 << PAGE_SHIFT;
    }

    private void map(int function, int pasid, long iova, int shift, long physical, boolean writable) {
        Mapping m = world.oracle().mapping(function, pasid, iova, shift, physical, writable);
        int permissions = writable ? IommuDriver.READ | IommuDriver.WRITE : IommuDriver.READ;
        driver.map(Devices.requester(function), pasid(pasid), iova, physical, 1L << shift, shift, permissions);
        m.there = world.oracle().nextTurn();
    }

    void unmap(int function, int pasid, long address) {
        Mapping m = world.oracle().open(function, pasid, address);
        if (m != null) {
            unmap(m, () -> driver.unmap(Devices.requester(function), pasid(pasid), m.iova, 1L << m.shift, m.shift));
            world.fill(m.physical, filled(m.shift));
        }
    }

    private void unmap(Mapping m, Runnable call) {
        m.closing = world.oracle().nextTurn();
        call.run();
        m.until = world.oracle().nextTurn();
    }

    void unmapPages(int function, int pasid, long first, int count) {
        long bytes = (long) count << PAGE_SHIFT;
        List<Mapping> meant = world.oracle().allOpen(function, pasid);
        meant.removeIf(m -> m.iova + (1L << m.shift) <= first || first + bytes <= m.iova);
        if (meant.stream().anyMatch(m -> m.shift != PAGE_SHIFT)) {
            return;
        }
        long closing = world.oracle().nextTurn();
        meant.forEach(m -> m.closing = closing);
        driver.unmap(Devices.requester(function), pasid(pasid), first, bytes, PAGE_SHIFT);
        long until = world.oracle().nextTurn();
        meant.forEach(m -> m.until = until);
        meant.forEach(m -> world.fill(m.physical, filled(m.shift)));
    }

    void protect(int function, int pasid, long address) {
        Mapping m = world.oracle().open(function, pasid, address);
        if (m != null) {
            unmap(m, () -> driver.unmap(Devices.requester(function), pasid(pasid), m.iova, 1L << m.shift, m.shift));
            map(function, pasid, m.iova, m.shift, m.physical, !m.writable);
        }
    }

    private static int function(int stream) {
        return (stream - Devices.requester(0)) / (Devices.requester(1) - Devices.requester(0));
    }

    private void silent(int stream) {
        silences++;
        silent[function(stream)] = true;
        world.devices().probe(function(stream), () -> !ats[function(stream)]);
        ats[function(stream)] = false;
        world.devices().excuse(function(stream));
    }

    void enableAts(int function) {
        if (ats[function] || rogue[function]) {
            return;
        }
        if (silent[function]) {
            // It still has what it was not told to forget.
            world.devices().reset(function);
            silent[function] = false;
            world.pass(AFTER_RESET);
        } else if (hadAts[function]) {
            world.pass(ON_THE_WAY);
        }
        ats[function] = true;
        hadAts[function] = true;
        driver.enableAts(Devices.requester(function));
        world.devices().ats(function, true);
    }

    /** Software does not let a function use ATS any more; returns whether it never has. */
    boolean distrust(int function) {
        rogue[function] |= !hadAts[function];
        return rogue[function];
    }

    void disableAts(int function) {
        if (ats[function]) {
            world.devices().ats(function, false);
            driver.disableAts(Devices.requester(function));
            driver.disablePageRequests(Devices.requester(function));
            ats[function] = false;
        }
    }

    void enablePageRequests(int function) {
        if (ats[function]) {
            driver.enablePageRequests(Devices.requester(function));
            world.devices().pageRequests(function);
        }
    }

    void reset(int function) {
        disableAts(function);
        world.devices().reset(function);
        silent[function] = false;
    }

    void servePages(boolean on) {
        serving = on;
    }

    private PageResponse.Code bringIn(List<PageRequest> group) {
        for (PageRequest r : group) {
            int pasid = r.hasSubstream() ? r.substreamId() : 0;
            int function = function(r.streamId());
            if (!serving || function >= World.FUNCTIONS || pasid >= world.pasids()) {
                return PageResponse.Code.INVALID;
            }
            map(function, pasid, r.address(), PAGE_SHIFT, true);
            Mapping m = world.oracle().open(function, pasid, r.address());
            if (m == null || m.closing < world.oracle().turn() || r.write() && !m.writable) {
                return PageResponse.Code.INVALID;
            }
        }
        return PageResponse.Code.SUCCESS;
    }

    void unbind(int function, int pasid, boolean marker) {
        if (pasid != 0 && world.devices().stop(function, pasid, marker, STOPPING)) {
            unbind(function, pasid);
        }
    }

    /** Takes a PASID away from a function that has not stopped using it. */
    void takePasid(int requester, int pasid) {
        unbind(function(requester), pasid);
    }

    private void unbind(int function, int pasid) {
        List<Mapping> all = world.oracle().allOpen(function, pasid);
        long closing = world.oracle().nextTurn();
        all.forEach(m -> m.closing = closing);
        driver.unbind(Devices.requester(function), pasid);
        long until = world.oracle().nextTurn();
        all.forEach(m -> m.until = until);
        all.forEach(m -> world.fill(m.physical, filled(m.shift)));
    }

    void takeFaults() {
        driver.takeFaults();
    }

    /** Takes what is left, and checks that nothing is missing. */
    void finish() {
        driver.takeFaults();
        faults.check(
                world.machine().bridge().refused(),
                world.devices().unrecorded(),
                world.devices().recordsOfAts());
    }

    /** Counts what was reached. */
    void report(Coverage coverage) {
        coverage.count("silenced devices", silences);
        coverage.count("overflow of fault records told", faults.isLost() ? 1 : 0);
    }

    /** Fault records that were taken. */
    List<String> faults() {
        return faults.records();
    }
}
