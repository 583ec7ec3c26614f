// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.time.Resource;
import org.iommuemu.time.Waiter;
import org.jspecify.annotations.Nullable;

/** One resource's waiters, one for each kind of TLP that has used it. */
final class KindWaiters {
    private final Resource resource;
    private final @Nullable Waiter[] waiters = new Waiter[TlpKind.values().length];

    KindWaiters(Resource resource) {
        this.resource = resource;
    }

    Waiter of(TlpKind kind) {
        Waiter waiter = waiters[kind.ordinal()];
        return waiter != null ? waiter : first(kind);
    }

    private Waiter first(TlpKind kind) {
        Waiter waiter = resource.waiter(kind.text());
        waiters[kind.ordinal()] = waiter;
        return waiter;
    }
}
