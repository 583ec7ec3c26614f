// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.guest.spec.PasidRequestLayout;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;

/** A virtual machine's monitor with a container of two devices, and a guest in it. */
public final class GuestSetup implements AutoCloseable {
    /** Where guests map something. */
    public static final long AT = 0x5555_0000_1000L;
    /** What they map there. */
    public static final long PAGE = 0x40_0000;

    public final ControlledMachine machine;
    public final GuestContainers containers;
    public final Process monitor;
    public final Caller caller;
    public final GuestContainer container;
    public final int fd;
    public final HostDevice one;
    public final HostDevice two;
    public final EmulatedGuest guest;

    public GuestSetup(ControlledMachine machine, GuestOptions options) {
        this.machine = machine;
        containers = new GuestContainers(machine.core);
        monitor = machine.processes.start(Credentials.user(1000));
        caller = new Caller(monitor);
        container = containers.open(caller, options).value();
        fd = monitor.files().open(container);
        one = machine.device(0x10);
        two = machine.device(0x18);
        container.attach(one.group()).value();
        container.attach(two.group()).value();
        guest = new EmulatedGuest(machine, container.memory());
    }

    public static GuestSetup vtd() {
        return new GuestSetup(ControlledMachine.vtd(), GuestOptions.STANDARD);
    }

    public static GuestSetup vtd(GuestOptions options) {
        return new GuestSetup(ControlledMachine.vtd(), options);
    }

    public long call(int request, UserBuffer argument) {
        return container.ioctl(caller, request, argument);
    }

    /** A PASID request with a range, or a union of the same beginning. */
    public static Bytes pasids(int flags, long min, long max) {
        return Bytes.zeros(PasidRequestLayout.UNION_BYTES)
                .with(PasidRequestLayout.ARGSZ, PasidRequestLayout.UNION_BYTES)
                .with(PasidRequestLayout.FLAGS, flags)
                .with(PasidRequestLayout.MIN, min)
                .with(PasidRequestLayout.MAX, max);
    }

    public long pasid(Bytes request) {
        return call(GuestRequests.PASID_REQUEST, request.buffer());
    }

    /** A bind, or an unbind, of addresses of 48 bits. */
    public static Bytes bind(int flags, long pasid, long root) {
        int d = CarrierLayout.DATA;
        return Bytes.zeros(d + GpasidBindData.BYTES)
                .with(CarrierLayout.ARGSZ, d + GpasidBindData.BYTES)
                .with(CarrierLayout.FLAGS, flags)
                .with(d, GpasidBindData.ARGSZ, GpasidBindData.BYTES)
                .with(d, GpasidBindData.VERSION, GpasidBindData.VERSION_1)
                .with(d, GpasidBindData.FORMAT, GpasidBindData.FORMAT_INTEL_VTD)
                .with(d, GpasidBindData.ADDR_WIDTH, 48)
                .with(d, GpasidBindData.GPGD, root)
                .with(d, GpasidBindData.HPASID, pasid);
    }

    public long bind(Bytes request) {
        return call(GuestRequests.BIND, request.buffer());
    }

    /** An invalidation of which nothing is said but caches and granularity. */
    public static Bytes invalidation(int cache, int granularity) {
        int d = CarrierLayout.DATA;
        return Bytes.zeros(d + CacheInvalidateInfo.BYTES)
                .with(CarrierLayout.ARGSZ, d + CacheInvalidateInfo.BYTES)
                .with(d, CacheInvalidateInfo.ARGSZ, CacheInvalidateInfo.BYTES)
                .with(d, CacheInvalidateInfo.VERSION, CacheInvalidateInfo.VERSION_1)
                .with(d, CacheInvalidateInfo.CACHE, cache)
                .with(d, CacheInvalidateInfo.GRANULARITY, granularity);
    }

    /** The same for a PASID. */
    public static Bytes invalidation(int cache, int granularity, int pasid) {
        return invalidation(cache, granularity)
                .with(CarrierLayout.DATA, CacheInvalidateInfo.INFO_FLAGS, CacheInvalidateInfo.FLAG_PASID)
                .with(CarrierLayout.DATA, CacheInvalidateInfo.INFO_PASID, pasid);
    }

    public long invalidate(Bytes request) {
        return call(GuestRequests.CACHE_INVALIDATE, request.buffer());
    }

    /** A PASID with tables that map {@link #PAGE} at {@link #AT}. */
    public int bound() {
        EmulatedGuest.Tables tables = guest.tables();
        tables.map(AT, PAGE);
        return bound(tables);
    }

    /** A PASID with tables. */
    public int bound(EmulatedGuest.Tables tables) {
        int pasid = container.allocatePasid(1, 100).value();
        container.bind(pasid, firstStage(tables)).value();
        return pasid;
    }

    public static GuestTables.FirstStage firstStage(EmulatedGuest.Tables tables) {
        return new GuestTables.FirstStage(tables.root(), false, false, false);
    }

    @Override
    public void close() {
        machine.close();
    }
}
