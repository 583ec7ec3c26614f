// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import org.iommuemu.host.StageLayout;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** A machine, the software and the devices that a program drives, and the oracle that looks on. */
final class World implements AutoCloseable {
    static final int FUNCTIONS = 3;
    static final int REGIONS = 3;
    static final int PAGES_OF_REGION = 8;
    private static final int PAGE_SHIFT = 12;
    /** Where regions of input addresses begin: apart in every table, and only in the last. */
    private static final long[] REGION = {0x4000_0000L, 0x4020_0000L, 0x80_0000_0000L};

    /** Memory that devices may get lies from here on; that of drivers below. */
    static final long FRAMES = 1L << 40;

    private final Platform machine;
    private final Oracle oracle;
    private final Software software;
    private final Devices devices;
    private boolean quiet;

    World(Setting setting) {
        machine = setting.machine();
        oracle = new Oracle(FUNCTIONS, setting.pasids());
        software = new Software(this, machine.startDriver(StageLayout.STAGE_1));
        devices = new Devices(this);
        machine.memory().watchWrites(this::written);
    }

    private void written(long address, int bytes) {
        if (quiet) {
            return;
        }
        PhysicalMemory memory = machine.memory();
        if (address < FRAMES) {
            if (bytes >= Long.BYTES && PageContents.isMarked(memory.readLong(address))) {
                throw new Violation(
                        Invariant.NO_ACCESS_WITHOUT_MAPPING,
                        String.format("a device has written 0x%x, where software has its structures", address));
            }
            return;
        }
        oracle.nextTurn();
        for (long at = address & -Long.BYTES; at < address + bytes; at += Long.BYTES) {
            oracle.landed(at, memory.readLong(at));
        }
    }

    /** Software writes a page that is, or was, a device's. */
    void fill(long physical, int bytes) {
        quiet = true;
        for (long at = physical; at < physical + bytes; at += PageContents.PAGE) {
            long author = oracle.newAuthor();
            machine.memory().write(at, PageContents.bytes(author, at, PageContents.PAGE), 0, PageContents.PAGE);
            oracle.filled(at, PageContents.PAGE, author);
        }
        quiet = false;
    }

    /** The input address of a page of a program. */
    long iova(int page) {
        return REGION[page / PAGES_OF_REGION % REGIONS] + ((long) (page % PAGES_OF_REGION) << PAGE_SHIFT);
    }

    /** Lets time pass. */
    void pass(int nanoseconds) {
        machine.loop().runUntil(machine.loop().now() + Picoseconds.ofNanoseconds(nanoseconds));
    }

    /** Lets everything end that is under way, and checks that it does. */
    void finish() {
        machine.loop().run();
        devices.checkEnds();
        software.takeFaults();
    }

    Platform machine() {
        return machine;
    }

    Oracle oracle() {
        return oracle;
    }

    Software software() {
        return software;
    }

    Devices devices() {
        return devices;
    }

    @Override
    public void close() {
        machine.close();
    }
}
