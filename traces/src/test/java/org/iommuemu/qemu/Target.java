// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.List;

/** A machine of QEMU's: its command line, and where software finds things. */
enum Target {
    /** Machine virt, whose only CPU stays off. */
    SMMUV3(
            List.of("qemu-system-aarch64", "-machine", "virt,iommu=smmuv3", "-cpu", "cortex-a57,start-powered-off=on"),
            0x0905_0000L,
            0x1000_0000L,
            0x4000_0000L),
    /** Machine q35, legacy mode. */
    VTD(
            List.of("qemu-system-x86_64", "-machine", "q35", "-device", "intel-iommu,aw-bits=48"),
            0xFED9_0000L,
            0xC000_0000L,
            0),
    /** Machine q35, scalable mode. */
    VTD_SCALABLE(
            List.of("qemu-system-x86_64", "-machine", "q35", "-device", "intel-iommu,aw-bits=48,x-scalable-mode=on"),
            0xFED9_0000L,
            0xC000_0000L,
            0);

    /** Memory that both machines have, in bytes from {@link #memory}. */
    static final long MEMORY_BYTES = 256L << 20;

    /** Configuration space of bus 0 on virt. */
    static final long ECAM = 0x40_1000_0000L;

    final List<String> command;
    final long registers;
    final long bars;
    final long memory;

    Target(List<String> command, long registers, long bars, long memory) {
        this.command = command;
        this.registers = registers;
        this.bars = bars;
        this.memory = memory;
    }

    boolean isArm() {
        return this == SMMUV3;
    }
}
