// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.bits.Register;
import org.iommuemu.time.EventLoop;

/** Functions without a machine. */
final class TestFunctions {
    private TestFunctions() {}

    static FunctionDescription description() {
        return FunctionDescription.standard(256, 1_000_000);
    }

    static TlpLink link(EventLoop loop) {
        return link(loop, FlowControl.INFINITE);
    }

    static TlpLink link(EventLoop loop, FlowControl credits) {
        LinkParameters parameters = LinkParameters.of(LinkGeneration.GEN4, 16, 256, 512);
        return new TlpLink(loop, new PcieLink(parameters, 1000, 256), credits);
    }

    /** The row of a function's table with a name. */
    static Register row(ConfigSpace config, String name) {
        return config.map().stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
