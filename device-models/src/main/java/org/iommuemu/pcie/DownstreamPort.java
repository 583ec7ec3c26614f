// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.bits.BitField;
import org.iommuemu.pcie.spec.AcsCapability;
import org.iommuemu.pcie.spec.PcieCapability;
import org.iommuemu.pcie.spec.Type1Header;
import org.jspecify.annotations.Nullable;

/** A root port, or a downstream port of a switch: the upper end of a link, with what is plugged into it. */
public final class DownstreamPort {
    /** What a port is a part of. */
    @FunctionalInterface
    interface Owner {
        /** A TLP has come up through a port, whose checks it has passed. */
        void fromBelow(DownstreamPort port, Tlp tlp, TlpReceiver.Buffer buffer);
    }

    private final int number;
    private final TlpLink link;
    private final BridgeFunction bridge;
    private final Owner owner;
    private @Nullable LowerComponent component;

    /**
     * A port into which nothing is plugged.
     *
     * @param number device number, and port number
     */
    DownstreamPort(int type, int number, TlpLink link, Owner owner) {
        this.number = number;
        this.link = link;
        this.owner = owner;
        bridge = new BridgeFunction(type, number, link.times().parameters());
        link.connectHost(this::receive);
        bridge.config().onWrite(Type1Header.BRIDGE_CONTROL, this::bridgeControl);
    }

    private void bridgeControl(long old, long now) {
        if (Type1Header.SECONDARY_BUS_RESET.isSet(now & ~old)) {
            reset();
        } else if (Type1Header.SECONDARY_BUS_RESET.isSet(old & ~now) && component != null) {
            link.restore();
        }
    }

    private void reset() {
        link.remove();
        if (component != null) {
            component.hotReset();
        }
    }

    /** A hot reset of the component that it is a part of: it is reset, and passes it on. */
    void hotReset() {
        reset();
        bridge.config().reset();
        if (component != null) {
            link.restore();
        }
    }

    /** Plugs a device or a switch into it. */
    public void plug(PciDevice device) {
        insert(device);
    }

    /** Plugs a switch into it, by its upstream port. */
    public void plug(PcieSwitch what) {
        insert(what);
    }

    private void insert(LowerComponent what) {
        component = what;
        link.restore();
    }

    /** What was plugged in is taken out without warning: what is under way is lost. */
    public void remove() {
        reset();
        component = null;
    }

    private void receive(Tlp tlp, TlpReceiver.Buffer buffer) {
        int source = TlpRoute.source(tlp);
        boolean memory = tlp instanceof Tlp.MemoryRequest;
        boolean foreign = source != TlpRoute.NO_ID && !bridge.isBelow(source >>> Byte.SIZE);
        boolean translated = tlp instanceof Tlp.MemoryRequest r && r.type() != Tlp.AddressType.UNTRANSLATED;
        if (foreign && bridge.is(AcsCapability.SV) || translated && bridge.is(AcsCapability.TB)) {
            reject(tlp, buffer, Tlp.Status.CA);
        } else if (memory && !bridge.isForwardingUp()) {
            reject(tlp, buffer, Tlp.Status.UR);
        } else {
            owner.fromBelow(this, tlp, buffer);
        }
    }

    /** Ends what came from below here: an ACS violation (CA), or an Unsupported Request. */
    void reject(Tlp tlp, TlpReceiver.Buffer buffer, Tlp.Status status) {
        report(tlp, status);
        buffer.drained(0);
        if (tlp instanceof Tlp.MemoryRequest r && !TlpRoute.isPosted(r)) {
            link.down(TlpRoute.failed(r, status));
        }
    }

    private void report(Tlp tlp, Tlp.Status status) {
        if (!(tlp instanceof Tlp.MemoryRequest)) {
            bridge.errors().unexpected();
        } else if (status == Tlp.Status.CA) {
            bridge.errors().aborted(TlpRoute.isPosted(tlp));
        } else {
            bridge.errors().unsupported(TlpRoute.isPosted(tlp));
        }
    }

    /** Sends a TLP down; where there is no device it ends here. */
    void down(Tlp tlp, Runnable gone) {
        if (link.isUp() && component != null) {
            link.down(tlp, gone);
            return;
        }
        gone.run();
        report(tlp, Tlp.Status.UR);
        if (tlp instanceof Tlp.MemoryRequest r && !TlpRoute.isPosted(r)) {
            owner.fromBelow(this, TlpRoute.failed(r, Tlp.Status.UR), time -> {});
        }
    }

    /** The configuration space of a function behind the port, or null. */
    @Nullable
    ConfigSpace below(int bus, int device, int function, boolean write) {
        return component == null || !link.isUp() || !bridge.isBelow(bus)
                ? null
                : component.config(bus, bus != bridge.secondaryBus(), device, function, write);
    }

    /** Enables access control services, and no others. */
    public void enableAcs(BitField... services) {
        bridge.enable(services);
    }

    BridgeFunction bridge() {
        return bridge;
    }

    /** Its configuration space. */
    public ConfigSpace config() {
        return bridge.config();
    }

    /** Its device number and port number. */
    public int number() {
        return number;
    }

    /** The link below it. */
    public TlpLink link() {
        return link;
    }

    static DownstreamPort root(int number, TlpLink link, Owner owner) {
        return new DownstreamPort(PcieCapability.ROOT_PORT, number, link, owner);
    }
}
