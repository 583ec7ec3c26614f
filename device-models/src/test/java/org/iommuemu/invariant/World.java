// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.bits.Register;
import org.iommuemu.host.StageLayout;
import org.iommuemu.inject.FaultInjector;
import org.iommuemu.inject.FaultPlan;
import org.iommuemu.inject.FaultRule;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** A machine, the software and the devices that a program drives, and the oracle that looks on. */
final class World implements AutoCloseable {
    static final int FUNCTIONS = 3;
    static final int REGIONS = 3;
    static final int PAGES_OF_REGION = 8;
    private static final int PAGE_SHIFT = 12;
    /** Where regions of input addresses begin: apart in every table, and only in the last. */
    private static final long[] REGION = {0x4000_0000L, 0x4020_0000L, 0x80_0000_0000L};

    private static final Register[] SMMU_QUEUES = {Registers.CMDQ_BASE, Registers.EVENTQ_BASE, Registers.PRIQ_BASE};
    private static final Register[] VTD_QUEUES = {VtdRegisters.IQA, VtdRegisters.PQA};
    private static final long QUEUE_ADDRESS = (1L << 52) - (1L << 12);
    /** More than any queue has, with what is written when it is done. */
    private static final long QUEUE_MOST = 1L << 16;

    /** Memory that devices may get lies from here on; that of drivers below. */
    static final long FRAMES = 1L << 40;
    /** Tables of guests lie from here on. */
    static final long GUESTS = 1L << 46;

    private final int pasids;
    private final Platform machine;
    private final Oracle oracle;
    private final Software software;
    private final Devices devices;
    private @Nullable FaultInjector injector;
    private long rules;
    private boolean quiet;
    /** Steps after which page requests were seen to have found no room. */
    private long pageRequestOverflows;

    World(Setting setting) {
        pasids = setting.pasids();
        machine = setting.machine();
        oracle = new Oracle(FUNCTIONS, pasids);
        software = new Software(this, machine.startDriver(StageLayout.STAGE_1));
        devices = new Devices(this);
        machine.memory().watchWrites(this::written);
    }

    private void written(long address, int bytes) {
        if (quiet) {
            return;
        }
        PhysicalMemory memory = machine.memory();
        if (address < FRAMES || address >= GUESTS) {
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
        software.finish();
    }

    /** A name for a rule. */
    String newRule(String kind) {
        return kind + " #" + rules++;
    }

    /** Looks at what software will have taken away later. */
    void look() {
        if (machine.vtd() != null) {
            long status = machine.iommu().readRegister(VtdRegisters.PRS.offset(), Integer.BYTES);
            pageRequestOverflows += VtdRegisters.PRO.isSet(status) ? 1 : 0;
        }
    }

    /** Counts what was reached. */
    void report(Coverage coverage) {
        if (injector != null) {
            injector.injected().forEach(f -> coverage.count(kind(f.rule()), 1));
        }
        SmmuV3 smmu = machine.smmu();
        if (smmu != null) {
            coverage.count("fault records lost", smmu.statistics().eventsOverflowed());
            coverage.count("page requests lost", smmu.statistics().pageRequestsOverflowed());
            coverage.count("automatic responses", smmu.statistics().automaticResponses());
        } else {
            coverage.count(
                    "fault records lost", Objects.requireNonNull(machine.vtd()).faultsLost());
            coverage.count("page requests lost", pageRequestOverflows);
        }
        software.report(coverage);
        devices.report(coverage);
    }

    /** All that runs in which things fail are to reach. */
    static List<String> goals(Setting.Architecture architecture) {
        List<String> goals = new ArrayList<>(Faults.goals(architecture));
        goals.add("fault records lost");
        goals.add("page requests lost");
        if (architecture == Setting.Architecture.SMMUV3) {
            goals.add("automatic responses");
        }
        goals.addAll(Software.GOALS);
        goals.addAll(Devices.goals());
        return goals;
    }

    private static String kind(String rule) {
        return rule.substring(0, rule.indexOf(" #"));
    }

    /** Lets something go wrong from now on. */
    void inject(FaultRule rule) {
        if (injector == null) {
            injector = new FaultInjector(machine, new FaultPlan(0, List.of()), software::takePasid);
        }
        injector.add(rule);
        devices.expectFaults();
    }

    /** Where driver's tables begin: behind its queues. */
    long tables() {
        long end = 0;
        for (Register queue : machine.smmu() != null ? SMMU_QUEUES : VTD_QUEUES) {
            long at = machine.iommu().readRegister(queue.offset(), queue.bytes());
            end = Math.max(end, (at & QUEUE_ADDRESS) + QUEUE_MOST);
        }
        return end;
    }

    /** Where page requests are written. */
    long pageRequestQueue() {
        Register queue = machine.smmu() != null ? Registers.PRIQ_BASE : VtdRegisters.PQA;
        return machine.iommu().readRegister(queue.offset(), queue.bytes()) & QUEUE_ADDRESS & ~0x1FL;
    }

    Platform machine() {
        return machine;
    }

    /** Address spaces that a function can have. */
    int pasids() {
        return pasids;
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
