// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.iommuemu.bits.Register;
import org.iommuemu.host.DrivenUnit.Access;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The driver's register accesses are those that captures have recorded of Linux. */
class LinuxRegistersTest {
    private static final String CAPTURES = "org.iommuemu.host.LinuxCapture#all";
    private static final int NONE = IommuDriver.NO_PASID;
    private static final long ADDRESS = -1L << 12;
    private static final long VECTOR = 0xFF;

    /** Bits that are the kernel's memory allocator's or its interrupt core's. */
    private static long others(long offset) {
        if (offset == VtdRegisters.IQA.offset()
                || offset == VtdRegisters.IRTA.offset()
                || offset == VtdRegisters.RTADDR.offset()) {
            return ADDRESS;
        }
        return offset == VtdRegisters.FAULT_EVENT.data().offset() ? VECTOR : 0;
    }

    /** What the driver did, without what the capture does not know. */
    private static List<Access> comparable(List<Access> accesses, List<Access> recorded) {
        return IntStream.range(0, accesses.size())
                .mapToObj(i -> {
                    boolean unknown = i < recorded.size() && recorded.get(i).value() == Access.UNKNOWN;
                    return masked(accesses.get(i), unknown);
                })
                .toList();
    }

    private static Access masked(Access a, boolean unknown) {
        return new Access(a.write(), a.offset(), a.bytes(), unknown ? Access.UNKNOWN : a.value() & ~others(a.offset()));
    }

    @ParameterizedTest
    @MethodSource(CAPTURES)
    void shouldProbeByTheAccessesThatAreRecorded(LinuxCapture capture) {
        List<Access> recorded = capture.registers();

        try (DrivenUnit machine = DrivenUnit.like(capture)) {
            assertThat(comparable(machine.accesses(), recorded)).isEqualTo(comparable(recorded, recorded));
            assertThat(machine.accesses().get(9).offset()).isEqualTo(VtdRegisters.IQA.offset());
            assertThat(machine.accesses().get(9).value() & ADDRESS).isNotZero();
        }
    }

    /** The captures' faults: FSTS, the record from its end on, the next record, FSTS; nothing of the queue. */
    @ParameterizedTest
    @MethodSource(CAPTURES)
    void shouldTakeAFaultByTheAccessesThatAreRecorded(LinuxCapture capture) {
        try (DrivenUnit machine = DrivenUnit.like(capture)) {
            machine.access(0x50, 0x7000, org.iommuemu.iommu.Access.READ);
            machine.accesses().clear();

            machine.driver().interrupt("fault");

            assertThat(machine.lines()).containsExactly("fault");
            assertThat(machine.accesses())
                    .extracting(a -> a.toString().replaceFirst(" 0x[0-9a-f]*$", ""))
                    .containsExactly(
                            "read 0x34/4",
                            "read 0x22c/4",
                            "read 0x228/4",
                            "read 0x220/8",
                            "write 0x22c/4",
                            "read 0x22c/4",
                            "write 0x34/4");
            assertThat(machine.accesses().get(4).value()).isEqualTo(0x8000_0000L);
            assertThat(machine.accesses().get(6).value()).isEqualTo(0x83);
            assertThat(machine.unit().readRegister(VtdRegisters.FSTS.offset(), 4))
                    .isZero();
        }
    }

    /** A submission is one write of IQT of 32 bits, and no read. */
    @Test
    void shouldReadNothingWhereTheUnitIsFast() {
        try (DrivenUnit machine = DrivenUnit.like(LinuxCapture.LEGACY_6_12)) {
            machine.driver().map(0x10, NONE, 0, 0x1000, 0x1000, 12, IommuDriver.READ);
            machine.accesses().clear();

            for (int i = 0; i < 300; i++) {
                machine.driver().unmap(0x10, NONE, 0, 0x1000, 12);
            }

            assertThat(machine.accesses()).hasSize(300);
            assertThat(machine.accesses()).allMatch(a -> a.write() && a.offset() == 0x88 && a.bytes() == 4);
        }
    }

    private static List<Long> writes(DrivenUnit machine, Register register) {
        return machine.accesses().stream()
                .filter(a -> a.write() && a.offset() == register.offset())
                .map(Access::value)
                .toList();
    }

    /** No capture has these: page requests before the fault event, protected memory behind translation, no needless invalidation. */
    @Test
    void shouldBringUpWhatNoCaptureHas() {
        VtdOptions options = VtdOptions.linux(LinuxRelease.LINUX_6_12, StageLayout.STAGE_1, true);
        try (DrivenUnit machine = new DrivenUnit(VtdFeatures.full(), options)) {
            List<Long> offsets = machine.accesses().stream()
                    .filter(Access::write)
                    .map(Access::offset)
                    .toList();
            assertThat(offsets)
                    .containsExactly(
                            0x88L, 0x90L, 0x18L, 0xB8L, 0x18L, 0x18L, 0x20L, 0x18L, 0xE4L, 0xE8L, 0xECL, 0xE4L, 0xE8L,
                            0xECL, 0xE0L, 0xC0L, 0xC8L, 0xD0L, 0x3CL, 0x40L, 0x44L, 0x3CL, 0x40L, 0x44L, 0x38L, 0x18L,
                            0x64L);
            assertThat(machine.descriptors()).isEmpty();
            assertThat(writes(machine, VtdRegisters.GCMD))
                    .containsExactly(0x400_0000L, 0x500_0000L, 0x600_0000L, 0x4600_0000L, 0x8600_0000L);
        }
    }

    @Test
    void shouldFlushTheWriteBufferWhereThereIsOne() {
        VtdFeatures captured = LinuxCapture.LEGACY_6_12.features();
        VtdFeatures buffered =
                new VtdFeatures(captured.ver(), captured.cap() | Capability.RWBF.mask(), captured.ecap());
        try (DrivenUnit machine = new DrivenUnit(buffered, LinuxCapture.LEGACY_6_12.options())) {
            machine.accesses().clear();

            machine.driver().map(0x10, NONE, 0, 0x1000, 0x1000, 12, IommuDriver.READ);

            assertThat(writes(machine, VtdRegisters.GCMD)).containsExactly(0x8E00_0000L, 0x8E00_0000L);
        }
    }

    @Test
    void shouldLeaveInterruptsAloneWhereTheUnitDoesNotRemapThem() {
        VtdFeatures captured = LinuxCapture.LEGACY_NVME.features();
        VtdFeatures without =
                new VtdFeatures(captured.ver(), captured.cap(), captured.ecap() & ~ExtendedCapability.IR.mask());

        try (DrivenUnit machine = new DrivenUnit(without, LinuxCapture.LEGACY_NVME.options())) {
            assertThat(writes(machine, VtdRegisters.IRTA)).isEmpty();
            assertThat(writes(machine, VtdRegisters.GCMD)).containsExactly(0x400_0000L, 0x4400_0000L, 0x8400_0000L);
            assertThat(writes(machine, VtdRegisters.FAULT_EVENT.control())).containsExactly(0L);
        }
    }
}
