// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is below the root complex: root ports, which are devices of bus 0, and integrated functions, each with a fixed requester id and
 * a link of its own. Routes downwards, by id and by address.
 */
final class RootHierarchy {
    private static final int PORTS = 32;

    private final TreeMap<Integer, PciFunction> integrated = new TreeMap<>();
    private final List<DownstreamPort> ports = new ArrayList<>();

    void add(PciFunction function) {
        if (integrated.containsKey(function.id()) || isPort(function.id())) {
            throw new IllegalArgumentException("there is a function " + RequesterId.of(function.id()));
        }
        integrated.put(function.id(), function);
    }

    private boolean isPort(int id) {
        return ports.stream().anyMatch(p -> p.number() == id >>> 3);
    }

    /** The first device number of bus 0 that is free; 0 is the root complex itself. */
    int freeNumber() {
        for (int number = 1; number < PORTS; number++) {
            int first = number << 3;
            if (!isPort(first) && integrated.subMap(first, first + 8).isEmpty()) {
                return number;
            }
        }
        throw new IllegalArgumentException("no device number of bus 0 is free");
    }

    void add(DownstreamPort port) {
        ports.add(port);
    }

    /** Buses on which no bridge has put its number. */
    SortedSet<Integer> rootBuses() {
        SortedSet<Integer> buses = new TreeSet<>();
        buses.add(0);
        integrated.keySet().forEach(id -> buses.add(id >>> Byte.SIZE));
        return buses;
    }

    /** Sends a TLP to the function with an id; what is for nobody is lost. */
    void down(int id, Tlp tlp) {
        PciFunction f = integrated.get(id);
        if (f != null) {
            f.link().down(tlp);
            return;
        }
        for (DownstreamPort port : ports) {
            if (port.bridge().isBelow(id >>> Byte.SIZE)) {
                port.down(tlp, () -> {});
                return;
            }
        }
    }

    /** Whether an access is for a BAR, not for memory. */
    boolean isClaimed(long address, int bytes) {
        return integratedAt(address, bytes) != null || portAt(address) != null;
    }

    /** Sends a request to the BAR that it is for; {@code gone} is called when it has left. */
    void forward(Tlp.MemoryRequest r, Runnable gone) {
        PciFunction f = integratedAt(r.address(), r.bytes());
        DownstreamPort port = portAt(r.address());
        if (f != null) {
            f.link().down(r, gone);
        } else if (port != null) {
            port.down(r, gone);
        } else {
            gone.run(); // its window was moved away meanwhile
        }
    }

    private @Nullable PciFunction integratedAt(long address, int bytes) {
        for (PciFunction f : integrated.values()) {
            if (f.link().isUp() && f.claim(address, bytes) >= 0) {
                return f;
            }
        }
        return null;
    }

    private @Nullable DownstreamPort portAt(long address) {
        for (DownstreamPort port : ports) {
            if (port.bridge().isBelow(address)) {
                return port;
            }
        }
        return null;
    }

    /** The configuration space of a function, or null. */
    @Nullable
    ConfigSpace config(int bus, int device, int number, boolean write) {
        PciFunction f = integrated.get(bus << Byte.SIZE | device << 3 | number);
        if (f != null) {
            return f.link().isUp() ? f.config() : null;
        }
        for (DownstreamPort port : ports) {
            if (bus == 0 && port.number() == device) {
                return number == 0 ? port.config() : null;
            }
            ConfigSpace found = port.below(bus, device, number, write);
            if (found != null) {
                return found;
            }
        }
        return null;
    }
}
