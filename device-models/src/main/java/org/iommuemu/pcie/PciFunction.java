// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A function of a device, at the lower end of a link. What it may do, software says by way of its {@link ConfigSpace}; the methods
 * {@code enable...} write there as software does.
 */
public final class PciFunction {
    private final EventLoop loop;
    private final int number;
    private final TlpLink link;
    private final ConfigSpace config;
    private final Requester requester;
    private final FunctionControls controls;
    private final DeviceControl deviceControl;
    private final ErrorStatus errors;
    private final BaseAddresses bars;
    private final @Nullable Msix msix;
    private final List<Runnable> resets = new ArrayList<>();
    private TlpReceiver messages = (tlp, buffer) -> buffer.drained(0);
    private int deviceId;

    /**
     * A function in reset state.
     *
     * @param number 0 to 7
     */
    PciFunction(EventLoop loop, TlpLink link, int number, FunctionDescription d) {
        this.loop = loop;
        this.number = number;
        this.link = link;
        FunctionLayout layout = FunctionLayout.of(d);
        config = layout.config();
        controls = layout.controls();
        deviceControl =
                new DeviceControl(config, layout.pcieAt(), d, link.times().parameters(), this::reset);
        errors = new ErrorStatus(config, layout.pcieAt());
        requester = new Requester(loop, link, this::id, deviceControl, errors);
        bars = new BaseAddresses(config);
        msix = d.vectors() == 0 ? null : new Msix(config, layout.msixAt(), d.vectors(), d.vectorBar(), this::send);
        if (msix != null) {
            bars.define(msix.bar(), msix.bytes(), msix, false);
        }
    }

    /** A completion or a message has come. */
    void receive(Tlp tlp, TlpReceiver.Buffer buffer) {
        if (tlp instanceof Tlp.Completion c) {
            requester.completed(c);
            buffer.drained(0);
        } else {
            messages.receive(tlp, buffer);
        }
    }

    /** Takes over the bus and device number of a configuration write (PCIe Base Specification §2.2.6.2). */
    void capture(int bus, int device) {
        deviceId = bus << 8 | device << 3;
    }

    /** The BAR in which a whole access lies, or -1. */
    int claim(long address, int bytes) {
        return controls.isMemorySpace() ? bars.find(address, bytes) : -1;
    }

    /** Its base address registers. */
    BaseAddresses bars() {
        return bars;
    }

    /** Where it reports errors. */
    ErrorStatus errors() {
        return errors;
    }

    /** Says who takes ATS messages. */
    public void onMessage(TlpReceiver receiver) {
        messages = receiver;
    }

    /** Says whether its device has other functions. */
    void multiFunction(boolean is) {
        config.wire(CommonHeader.HEADER_TYPE, CommonHeader.MULTI_FUNCTION.of(is ? 1 : 0), 0);
    }

    /** Says what the function is: what drivers and {@code lspci} go by. */
    public void identify(int vendor, int device, int classCode, int revision) {
        config.wire(CommonHeader.VENDOR_ID, vendor & 0xFFFF, 0);
        config.wire(CommonHeader.DEVICE_ID, device & 0xFFFF, 0);
        long value = CommonHeader.CLASS_CODE.of(classCode) | CommonHeader.REVISION.of(revision);
        config.wire(CommonHeader.CLASS, value, 0);
    }

    /**
     * Gives it registers, which software reaches through a base address register of 32 bits.
     *
     * @param bytes rounded up to a power of two
     */
    public void bar(int index, long bytes, RegisterFrame frame) {
        bars.define(index, bytes, frame, false);
    }

    /** Gives it prefetchable memory or registers, which software reaches through two base address registers of 64 bits together. */
    public void wideBar(int index, long bytes, RegisterFrame frame) {
        bars.define(index, bytes, frame, true);
    }

    /** The registers behind a base address register. */
    public @Nullable RegisterFrame frame(int bar) {
        return bars.frame(bar);
    }

    /** Programs a vector of MSI-X as software does: its entry in the table, unmasked, and MSI-X enabled. */
    public void vector(int vector, long address, int data) {
        FunctionControls.require(msix != null, "MSI-X");
        if (msix != null) {
            msix.program(vector, address, data);
        }
    }

    /** Sends an interrupt, behind what was written before, if MSI-X is enabled; a masked one is pending until it is unmasked. */
    public void interrupt(int vector) {
        if (msix != null) {
            msix.trigger(vector);
        }
    }

    private void send(long address, int data) {
        if (controls.isBusMaster()) {
            requester.interrupt(address, data);
        }
    }

    /** Says what is to happen when the function is reset. */
    public void onReset(Runnable handler) {
        resets.add(handler);
    }

    /** Function-level reset (PCIe Base Specification §6.6.2): its requests are forgotten, all is off, but Max_Payload_Size stays. */
    public void reset() {
        requester.reset();
        long payload = deviceControl.payloadBits();
        clear();
        deviceControl.keepPayload(payload);
        resets.forEach(Runnable::run);
    }

    /** Conventional reset: all is as at power-on, and no bus number is known. */
    void conventionalReset() {
        requester.reset();
        clear();
        deviceId = 0;
        resets.forEach(Runnable::run);
    }

    private void clear() {
        config.reset();
        controls.pageRequests().forget();
        if (msix != null) {
            msix.reset();
        }
    }

    /** Lets it send requests and interrupts. */
    public PciFunction enableBusMaster() {
        return command(CommonHeader.BUS_MASTER.mask());
    }

    /** Lets it answer to its BARs. */
    public PciFunction enableMemory() {
        return command(CommonHeader.MEMORY_SPACE.mask());
    }

    private PciFunction command(long bits) {
        config.write(CommonHeader.COMMAND, config.get(CommonHeader.COMMAND) | bits);
        return this;
    }

    /** Takes its right to send requests. */
    public PciFunction disableBusMaster() {
        Register command = CommonHeader.COMMAND;
        config.write(command, config.get(command) & ~CommonHeader.BUS_MASTER.mask());
        return this;
    }

    /**
     * Enables ATS.
     *
     * @param unit log2 of the smallest translation, in pages of 4 KiB
     */
    public PciFunction enableAts(int unit) {
        controls.enableAts(unit);
        return this;
    }

    /** Disables ATS. */
    public PciFunction disableAts() {
        controls.disableAts();
        return this;
    }

    /** Lets it have so many Page Requests outstanding. */
    public PciFunction enablePri(int requests) {
        controls.pageRequests().enable(requests);
        return this;
    }

    /** Forgets what page requests are outstanding; PRI is disabled. */
    public PciFunction resetPri() {
        controls.pageRequests().restart();
        return this;
    }

    /** Disables PRI. */
    public PciFunction disablePri() {
        controls.pageRequests().disable();
        return this;
    }

    /** Enables PASID; to be done before ATS is. */
    public PciFunction enablePasid(boolean execute, boolean privileged) {
        controls.pasid(true, execute, privileged);
        return this;
    }

    /** Disables PASID; to be done after ATS is. */
    public PciFunction disablePasid() {
        controls.pasid(false, false, false);
        return this;
    }

    /** Sets Max_Payload_Size and Max_Read_Request_Size as firmware does: to what its link was made for. */
    public PciFunction configureSizes() {
        deviceControl.configureSizes();
        return this;
    }

    /** Its requester id: as the last configuration write has it. */
    public int id() {
        return deviceId | number;
    }

    /** Its clock. */
    public EventLoop loop() {
        return loop;
    }

    /** Its link. */
    public TlpLink link() {
        return link;
    }

    /** Its requests. */
    public Requester requester() {
        return requester;
    }

    /** Its configuration space. */
    public ConfigSpace config() {
        return config;
    }

    /** What is switched on. */
    public FunctionControls controls() {
        return controls;
    }
}
