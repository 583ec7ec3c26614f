// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.pcie.RootComplex;
import org.jspecify.annotations.Nullable;

/** The devices' ends of the way, made when a stream is first heard of. */
final class Endpoints {
    private final PathParameters parameters;
    private final RootComplex rootComplex;
    private final Int2ObjectHashMap<Endpoint> byLink = new Int2ObjectHashMap<>();
    private final List<Endpoint> all = new ArrayList<>();
    private int latestStream;
    private @Nullable Endpoint latest;

    Endpoints(PathParameters parameters, RootComplex rootComplex) {
        this.parameters = parameters;
        this.rootComplex = rootComplex;
    }

    /** That of a stream. */
    Endpoint of(int streamId) {
        Endpoint e = latest;
        if (e == null || streamId != latestStream) {
            e = find(parameters.sharing().linkOf(streamId));
            latestStream = streamId;
            latest = e;
        }
        return e;
    }

    private Endpoint find(int link) {
        Endpoint known = byLink.get(link);
        if (known != null) {
            return known;
        }
        Endpoint e = new Endpoint(parameters.sharing().suffix(link), parameters, rootComplex);
        byLink.put(link, e);
        all.add(e);
        return e;
    }

    /** In the order in which they were heard of. */
    List<Endpoint> all() {
        return all;
    }
}
