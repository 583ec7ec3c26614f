// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/** TLPs that have arrived at either end of a link and that no step has looked at, by kind. */
final class MessageLog {
    private final TlpLink link;
    private final Map<TlpKind, ArrayDeque<Tlp>> seen = new EnumMap<>(TlpKind.class);

    /** The log of one link, behind what else is on it. */
    MessageLog(EventLoop loop, TlpLink link, LinkTap before) {
        this.link = link;
        link.tap((tlp, up, arrival, wire) -> before.carry(tlp, up, arrival, (what, at) -> {
            long arrives = Math.max(at, loop.now());
            wire.deliver(what, arrives);
            loop.schedule(arrives, (time, data) -> add(what), 0);
        }));
    }

    private void add(Tlp tlp) {
        if (link.isUp()) {
            seen.computeIfAbsent(tlp.kind(), kind -> new ArrayDeque<>()).addLast(tlp);
        }
    }

    boolean has(TlpKind kind) {
        ArrayDeque<Tlp> of = seen.get(kind);
        return of != null && !of.isEmpty();
    }

    /** Takes the oldest of a kind. */
    @Nullable
    Tlp next(TlpKind kind) {
        ArrayDeque<Tlp> of = seen.get(kind);
        return of == null ? null : of.pollFirst();
    }
}
