// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/** A function of a device, at the lower end of a link. */
public final class PciFunction {
    private final EventLoop loop;
    private final int id;
    private final TlpLink link;
    private final Requester requester;
    private final FunctionControls controls = new FunctionControls();
    private final Int2ObjectHashMap<RegisterFrame> bars = new Int2ObjectHashMap<>();
    private final Int2ObjectHashMap<Vector> vectors = new Int2ObjectHashMap<>();
    private final List<Runnable> resets = new ArrayList<>();
    private TlpReceiver messages = (tlp, buffer) -> buffer.drained(0);

    private record Vector(long address, int data) {}

    /**
     * A function with all off.
     *
     * @param tags requests that it can have outstanding
     * @param timeout completion time-out, in ps
     */
    public PciFunction(EventLoop loop, TlpLink link, int id, int tags, long timeout) {
        this.loop = loop;
        this.id = id;
        this.link = link;
        requester = new Requester(loop, link, () -> id, tags, timeout);
        link.connectDevice(this::receive);
    }

    private void receive(Tlp tlp, TlpReceiver.Buffer buffer) {
        if (tlp instanceof Tlp.Completion c) {
            requester.completed(c);
            buffer.drained(0);
        } else {
            messages.receive(tlp, buffer);
        }
    }

    /** Says who takes ATS messages. */
    public void onMessage(TlpReceiver receiver) {
        messages = receiver;
    }

    /** Gives it registers, which software reaches through a base address register. */
    public void bar(int index, long bytes, RegisterFrame frame) {
        bars.put(index, frame);
    }

    /** The registers behind a base address register. */
    public @Nullable RegisterFrame frame(int bar) {
        return bars.get(bar);
    }

    /** Says what a vector of MSI-X writes, and where. */
    public void vector(int vector, long address, int data) {
        vectors.put(vector, new Vector(address, data));
    }

    /** Sends an interrupt, behind what was written before. */
    public void interrupt(int vector) {
        Vector v = vectors.get(vector);
        if (v != null && controls.busMaster) {
            requester.interrupt(v.address, v.data);
        }
    }

    /** Says what is to happen when the function is reset. */
    public void onReset(Runnable handler) {
        resets.add(handler);
    }

    /** Function-level reset: its requests are forgotten, all is off. */
    public void reset() {
        requester.reset();
        controls.reset();
        resets.forEach(Runnable::run);
    }

    /** Its requester id. */
    public int id() {
        return id;
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

    /** What is switched on. */
    public FunctionControls controls() {
        return controls;
    }
}
