// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.time.EventLoop;

/** What was injected so far. */
final class FaultLog {
    private final EventLoop loop;
    private final List<InjectedFault> faults = new ArrayList<>();

    FaultLog(EventLoop loop) {
        this.loop = loop;
    }

    void add(String rule, String what) {
        faults.add(new InjectedFault(loop.now(), rule, what));
    }

    List<InjectedFault> faults() {
        return List.copyOf(faults);
    }
}
