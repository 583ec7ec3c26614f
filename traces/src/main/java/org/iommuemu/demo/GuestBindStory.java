// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.OptionalInt;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.guest.GuestContainer;
import org.iommuemu.host.guest.GuestContainers;
import org.iommuemu.host.guest.GuestOptions;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.guest.spec.PasidRequestLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Command;

/** A guest's own page table behind a PASID: nested translation, and what becomes of it if an invalidation is forgotten. */
final class GuestBindStory implements Demo {
    private static final int DEVICE = 0x200;
    private static final long AT = 0x7F00_0000_0000L;
    private static final long OLD = 0x40_0000;
    private static final long NEW = 0x41_0000;

    @Override
    public String name() {
        return "guest-bind";
    }

    @Override
    public String title() {
        return "A guest's page table is bound to a PASID; its invalidations must be passed on";
    }

    @Override
    public boolean wantsVtd() {
        return true;
    }

    @Override
    public void play(Platform machine, Story story) {
        new Run(new HostedMachine(machine, story, StageLayout.STAGE_2)).play();
    }

    /** One telling. */
    private static final class Run {
        private final HostedMachine host;
        private final Story story;
        private final PciFunction function;
        private final DmaChannel channel;
        private final HostDevice device;
        private final GuestContainer container;
        private final Guest guest;

        Run(HostedMachine host) {
            this.host = host;
            story = host.story;
            function = host.addFunction(DEVICE);
            channel = new DmaChannel(function);
            container = new GuestContainers(host.core)
                    .open(host.caller, GuestOptions.STANDARD)
                    .value();
            guest = new Guest(host.machine, host.core.driver(), container.memory());
            device = host.known(function);
            container.attach(device.group()).value();
            host.narrator.watch(DEVICE, 0);
            host.narrator.written();
        }

        void play() {
            host.story.say("-- the guest has memory, and a device of its own");
            guest.map(AT, OLD);
            guest.store(OLD, 1111);
            guest.store(NEW, 2222);
            int allocated = allocate();
            // Where PASIDs are not the host's to give, the guest chooses.
            int pasid = allocated > 0 ? allocated : 1;
            host.narrator.watch(DEVICE, pasid);
            long bound = call(
                    GuestRequests.BIND,
                    "ioctl(container, VFIO_IOMMU_BIND, {BIND_GUEST_PGTBL, gpgd " + Narrator.hex(guest.root())
                            + ", hpasid " + pasid + "})",
                    bind(CarrierLayout.BIND_GUEST_PGTBL, pasid));
            if (bound == 0) {
                story.check("the guest's table is bound", true);
                translate(pasid);
                forget(pasid, () -> invalidate(pasid));
                unbind(pasid);
            } else {
                story.check("a table per PASID is nothing that this hardware can have", bound < 0);
                table(pasid);
            }
        }

        private int allocate() {
            ByteBuffer s = HostedMachine.bytes(PasidRequestLayout.RANGE_BYTES);
            PasidRequestLayout.ARGSZ.put(s, s.limit());
            PasidRequestLayout.FLAGS.put(s, PasidRequestLayout.ALLOC);
            PasidRequestLayout.MIN.put(s, 1);
            PasidRequestLayout.MAX.put(s, 3);
            return (int)
                    call(GuestRequests.PASID_REQUEST, "ioctl(container, VFIO_IOMMU_PASID_REQUEST, {ALLOC, 1 to 3})", s);
        }

        private ByteBuffer bind(int flags, int pasid) {
            ByteBuffer s = HostedMachine.bytes(CarrierLayout.DATA + GpasidBindData.BYTES);
            CarrierLayout.ARGSZ.put(s, s.limit());
            CarrierLayout.FLAGS.put(s, flags);
            ByteBuffer d = s.slice(CarrierLayout.DATA, GpasidBindData.BYTES);
            GpasidBindData.ARGSZ.put(d, GpasidBindData.BYTES);
            GpasidBindData.VERSION.put(d, GpasidBindData.VERSION_1);
            GpasidBindData.FORMAT.put(d, GpasidBindData.FORMAT_INTEL_VTD);
            GpasidBindData.ADDR_WIDTH.put(d, 48);
            GpasidBindData.GPGD.put(d, guest.root());
            GpasidBindData.HPASID.put(d, pasid);
            return s;
        }

        private long call(int request, String what, ByteBuffer structure) {
            return host.narrator.call(what, () -> container.ioctl(host.caller, request, HostedMachine.at(structure)));
        }

        private void translate(int pasid) {
            Integer read = host.read(channel, function, pasid, AT);
            story.check("both stages lead to the guest's page", Objects.equals(read, 1111));
        }

        private void forget(int pasid, Runnable invalidate) {
            story.tell("guest", "maps another page at " + Narrator.hex(AT) + ", and tells nobody");
            guest.unmap(AT);
            guest.map(AT, NEW);
            Integer stale = host.read(channel, function, pasid, AT);
            story.check("the device still has the old page: translations are cached", Objects.equals(stale, 1111));
            invalidate.run();
            Integer fresh = host.read(channel, function, pasid, AT);
            story.check("once that is invalidated it has the new one", Objects.equals(fresh, 2222));
        }

        private void invalidate(int pasid) {
            ByteBuffer s = HostedMachine.bytes(CarrierLayout.DATA + CacheInvalidateInfo.BYTES);
            CarrierLayout.ARGSZ.put(s, s.limit());
            ByteBuffer d = s.slice(CarrierLayout.DATA, CacheInvalidateInfo.BYTES);
            CacheInvalidateInfo.ARGSZ.put(d, CacheInvalidateInfo.BYTES);
            CacheInvalidateInfo.VERSION.put(d, CacheInvalidateInfo.VERSION_1);
            CacheInvalidateInfo.CACHE.put(d, CacheInvalidateInfo.IOTLB | CacheInvalidateInfo.DEV_IOTLB);
            CacheInvalidateInfo.GRANULARITY.put(d, CacheInvalidateInfo.ADDR);
            CacheInvalidateInfo.INFO_FLAGS.put(d, CacheInvalidateInfo.FLAG_PASID);
            CacheInvalidateInfo.INFO_PASID.put(d, pasid);
            CacheInvalidateInfo.ADDRESS.put(d, AT);
            CacheInvalidateInfo.GRANULE_SIZE.put(d, HostedMachine.PAGE);
            CacheInvalidateInfo.NB_GRANULES.put(d, 1);
            long returned = call(
                    GuestRequests.CACHE_INVALIDATE,
                    "ioctl(container, VFIO_IOMMU_CACHE_INVALIDATE, {IOTLB, DEV_IOTLB, ADDR, pasid " + pasid + ", "
                            + Narrator.hex(AT) + ", 1 page})",
                    s);
            story.check("the invalidation is passed on", returned == 0);
        }

        private void unbind(int pasid) {
            long returned = call(
                    GuestRequests.BIND,
                    "ioctl(container, VFIO_IOMMU_BIND, {UNBIND_GUEST_PGTBL, hpasid " + pasid + "})",
                    bind(CarrierLayout.UNBIND_GUEST_PGTBL, pasid));
            story.check("the table is unbound", returned == 0);
            story.check("the device has nothing any more", host.read(channel, function, pasid, AT) == null);
        }

        /** What Arm's and AMD's guests need: PASIDs and their table are the guest's. */
        private void table(int pasid) {
            story.say("-- on this architecture the guest has the table of PASIDs");
            IommuDriver driver = host.core.driver();
            long returned = host.narrator.call(
                    "bindPasidTable(" + Narrator.name(DEVICE) + ", the guest's context descriptors)",
                    () -> host.core
                            .bindPasidTable(device, container.memory(), guest.contexts(pasid))
                            .returned());
            story.check("the guest's table of contexts is bound", returned == 0);
            translate(pasid);
            Domain nested = Objects.requireNonNull(driver.attached(DEVICE, IommuDriver.NO_PASID));
            long command = Command.OPCODE.of(Command.TLBI_NH_VA.opcode()) | Command.ASID.of(1);
            long atc = Command.OPCODE.of(Command.ATC_INV.opcode()) | Command.SSV.of(1) | Command.SSID.of(pasid);
            forget(
                    pasid,
                    () -> host.narrator.call("the guest's TLBI_NH_VA and ATC_INV, passed on", () -> {
                        driver.guestInvalidate(
                                nested, id -> OptionalInt.of(DEVICE), command, Command.ADDRESS.inPlace(AT));
                        return driver.guestInvalidate(
                                        nested, id -> OptionalInt.of(DEVICE), atc, Command.ADDRESS.inPlace(AT))
                                ? 0
                                : -1;
                    }));
            host.core.unbindPasidTable(device);
            host.narrator.written();
            story.check("the device has nothing any more", host.read(channel, function, pasid, AT) == null);
        }
    }
}
