// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.pcie.spec.AcsCapability;
import org.iommuemu.pcie.spec.PcieCapability;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A switch: an upstream port at the lower end of a link, and downstream ports on a bus inside (PCIe Base Specification §1.3.3). Requests
 * to a peer's window go there directly unless the access control services of the port through which they came say otherwise (§6.12).
 */
public final class PcieSwitch implements LowerComponent, DownstreamPort.Owner {
    private static final int PORTS = 32;

    private final EventLoop loop;
    private final TlpLink link;
    private final long latency;
    private final BridgeFunction upstream;
    private final List<DownstreamPort> ports = new ArrayList<>();

    /**
     * A switch without downstream ports.
     *
     * @param link above it
     * @param latency from one port to another, in ps
     */
    public PcieSwitch(EventLoop loop, TlpLink link, long latency) {
        this.loop = loop;
        this.link = link;
        this.latency = latency;
        upstream =
                new BridgeFunction(PcieCapability.UPSTREAM_PORT, 0, link.times().parameters());
        link.connectDevice(this::fromAbove);
    }

    /** Adds a downstream port; its number is that of those before it. */
    public DownstreamPort addPort(TlpLink below) {
        if (ports.size() == PORTS) {
            throw new IllegalArgumentException("a switch has " + PORTS + " downstream ports at most");
        }
        DownstreamPort port = new DownstreamPort(PcieCapability.DOWNSTREAM_PORT, ports.size(), below, this);
        ports.add(port);
        return port;
    }

    private void later(Runnable forward) {
        loop.schedule(loop.now() + latency, (time, data) -> forward.run(), 0);
    }

    @Override
    public void fromBelow(DownstreamPort port, Tlp tlp, TlpReceiver.Buffer buffer) {
        later(() -> up(port, tlp, buffer));
    }

    private void up(DownstreamPort port, Tlp tlp, TlpReceiver.Buffer buffer) {
        if (tlp instanceof Tlp.MemoryRequest r) {
            request(port, r, buffer);
            return;
        }
        int id = TlpRoute.destination(tlp);
        DownstreamPort target = id == TlpRoute.NO_ID ? null : portOf(id);
        boolean same = port.equals(target);
        if (target == null || port.bridge().is(same ? AcsCapability.UF : AcsCapability.CR)) {
            link.up(tlp, () -> buffer.drained(loop.now()));
        } else if (same) {
            port.reject(tlp, buffer, Tlp.Status.UR);
        } else {
            target.down(tlp, () -> buffer.drained(loop.now()));
        }
    }

    private void request(DownstreamPort port, Tlp.MemoryRequest r, TlpReceiver.Buffer buffer) {
        DownstreamPort target = portAt(r.address());
        boolean outside = !upstream.isBelow(r.address());
        PeerRoute route = outside ? PeerRoute.UPSTREAM : PeerRoute.of(port, target, r);
        if (route == PeerRoute.UPSTREAM && upstream.isForwardingUp()) {
            link.up(r, () -> buffer.drained(loop.now()));
        } else if (route == PeerRoute.DIRECT && target != null) {
            target.down(r, () -> buffer.drained(loop.now()));
        } else {
            port.reject(r, buffer, route == PeerRoute.VIOLATION ? Tlp.Status.CA : Tlp.Status.UR);
        }
    }

    private void fromAbove(Tlp tlp, TlpReceiver.Buffer buffer) {
        later(() -> down(tlp, buffer));
    }

    private void down(Tlp tlp, TlpReceiver.Buffer buffer) {
        boolean memory = tlp instanceof Tlp.MemoryRequest;
        DownstreamPort target = tlp instanceof Tlp.MemoryRequest r
                ? upstream.isBelow(r.address()) ? portAt(r.address()) : null
                : portOf(TlpRoute.destination(tlp));
        if (target != null) {
            target.down(tlp, () -> buffer.drained(loop.now()));
            return;
        }
        buffer.drained(loop.now());
        if (!memory) {
            upstream.errors().unexpected();
            return;
        }
        upstream.errors().unsupported(TlpRoute.isPosted(tlp));
        if (!TlpRoute.isPosted(tlp)) {
            link.up(TlpRoute.failed((Tlp.MemoryRequest) tlp, Tlp.Status.UR));
        }
    }

    private @Nullable DownstreamPort portAt(long address) {
        for (DownstreamPort port : ports) {
            if (port.bridge().isBelow(address)) {
                return port;
            }
        }
        return null;
    }

    private @Nullable DownstreamPort portOf(int id) {
        for (DownstreamPort port : ports) {
            if (port.bridge().isBelow(id >>> Byte.SIZE)) {
                return port;
            }
        }
        return null;
    }

    @Override
    public @Nullable ConfigSpace config(int bus, boolean below, int device, int function, boolean write) {
        if (!below) {
            return device == 0 && function == 0 ? upstream.config() : null;
        }
        if (!upstream.isBelow(bus)) {
            return null;
        }
        if (bus == upstream.secondaryBus()) {
            return device < ports.size() && function == 0 ? ports.get(device).config() : null;
        }
        for (DownstreamPort port : ports) {
            ConfigSpace found = port.below(bus, device, function, write);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    @Override
    public void hotReset() {
        upstream.config().reset();
        for (DownstreamPort port : ports) {
            port.hotReset();
        }
    }

    /** The configuration space of its upstream port. */
    public ConfigSpace config() {
        return upstream.config();
    }
}
