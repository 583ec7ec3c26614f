// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.Collection;
import java.util.TreeMap;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/** A device at the lower end of a link, with one to eight functions. Each TLP that comes is for one of them, or for none. */
public final class PciDevice implements LowerComponent {
    private static final int FUNCTIONS = 8;

    private final EventLoop loop;
    private final TlpLink link;
    private final TreeMap<Integer, PciFunction> functions = new TreeMap<>();

    /** A device without functions. */
    public PciDevice(EventLoop loop, TlpLink link) {
        this.loop = loop;
        this.link = link;
        link.connectDevice(this::receive);
    }

    /** A device with one function, whose number and sizes firmware has set: as it is used integrated into a root complex. */
    public static PciFunction single(EventLoop loop, TlpLink link, int requester, FunctionDescription description) {
        RequesterId id = RequesterId.of(requester);
        PciDevice device = new PciDevice(loop, link);
        PciFunction function = device.addFunction(id.function(), description);
        device.capture(id.bus(), id.device());
        return function.configureSizes();
    }

    /**
     * Adds a function.
     *
     * @param number 0 to 7
     * @throws IllegalArgumentException if there is one
     */
    public PciFunction addFunction(int number, FunctionDescription description) {
        if (number < 0 || number >= FUNCTIONS || functions.containsKey(number)) {
            throw new IllegalArgumentException("function " + number + " exists, or cannot");
        }
        PciFunction function = new PciFunction(loop, link, number, description);
        functions.put(number, function);
        functions.values().forEach(f -> f.multiFunction(functions.size() > 1));
        return function;
    }

    /** Its functions, in order. */
    public Collection<PciFunction> functions() {
        return functions.values();
    }

    /** Its link. */
    public TlpLink link() {
        return link;
    }

    /** Gives all functions their bus and device number, as firmware does. */
    public void capture(int bus, int device) {
        functions.values().forEach(f -> f.capture(bus, device));
    }

    private void receive(Tlp tlp, TlpReceiver.Buffer buffer) {
        if (tlp instanceof Tlp.MemoryRequest r) {
            buffer.drained(loop.now());
            request(r);
            return;
        }
        PciFunction f = byId(TlpRoute.destination(tlp));
        if (f != null) {
            f.receive(tlp, buffer);
        } else {
            functions.values().stream()
                    .findFirst()
                    .ifPresent(first -> first.errors().unexpected());
            buffer.drained(loop.now());
        }
    }

    private @Nullable PciFunction byId(int id) {
        PciFunction f = functions.get(id & FUNCTIONS - 1);
        return f != null && f.id() == id ? f : null;
    }

    private void request(Tlp.MemoryRequest r) {
        boolean simple = r.atomic() == null && r.type() != Tlp.AddressType.TRANSLATION_REQUEST;
        for (PciFunction f : functions.values()) {
            int bar = simple ? f.claim(r.address(), r.bytes()) : -1;
            RegisterFrame frame = f.frame(bar);
            if (frame != null) {
                access(f, frame, r.address() - f.bars().base(bar), r);
                return;
            }
        }
        boolean posted = r.kind().flow() == TlpKind.Flow.POSTED;
        functions.values().stream()
                .findFirst()
                .ifPresent(first -> first.errors().unsupported(posted));
        if (!posted) {
            link.up(TlpRoute.failed(r, Tlp.Status.UR));
        }
    }

    private void access(PciFunction f, RegisterFrame frame, long offset, Tlp.MemoryRequest r) {
        byte[] data = r.data();
        if (data == null) {
            answer(r, RegisterBytes.read(frame, offset, r.bytes()));
            return;
        }
        if (r.poisoned()) {
            f.errors().poisoned();
        } else {
            RegisterBytes.write(frame, offset, data);
        }
    }

    private void answer(Tlp.MemoryRequest r, byte[] data) {
        for (Tlp.Completion part : TlpRoute.completions(link.times(), r, data, false)) {
            link.up(part);
        }
    }

    @Override
    public @Nullable ConfigSpace config(int bus, boolean below, int device, int function, boolean write) {
        PciFunction f = below || device != 0 ? null : functions.get(function);
        if (f == null) {
            return null;
        }
        if (write) {
            f.capture(bus, device);
        }
        return f.config();
    }

    @Override
    public void hotReset() {
        functions.values().forEach(PciFunction::conventionalReset);
    }

    /** It is taken out without warning: what is under way is lost. */
    public void remove() {
        link.remove();
        hotReset();
    }
}
