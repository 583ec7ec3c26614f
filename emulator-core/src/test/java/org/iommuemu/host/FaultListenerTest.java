// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.DrivenMachine.Setup;
import org.iommuemu.iommu.Access;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Refused accesses come to a listener, in their order, and so does that some are missing. */
class FaultListenerTest {
    private static final String ALL = "org.iommuemu.host.DrivenMachine$Setup#all";
    private static final String WITH_PASIDS = "org.iommuemu.host.DrivenMachine$Setup#withPasids";
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final int NONE = IommuDriver.NO_PASID;

    private final List<DmaFault> faults = new ArrayList<>();
    private int overflows;

    private final FaultListener listener = new FaultListener() {
        @Override
        public void refused(DmaFault fault) {
            faults.add(fault);
        }

        @Override
        public void overflowed() {
            overflows++;
        }
    };

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldSayWhoWasRefusedWhatAndWhy(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            machine.driver().onFault(listener);
            machine.driver().map(1, NONE, 0, 0x1000, PAGE, 12, READ_WRITE);
            machine.driver().map(1, 5, 0, 0x1000, PAGE, 12, IommuDriver.READ);

            machine.access(1, NONE, 0x7000, Access.READ);
            machine.access(1, 5, 0, Access.WRITE);
            boolean smmu = setup.architecture().isSmmu();
            // Of a bus with devices, the SMMU refuses all others silently: their entries say so.
            int stranger = smmu ? 0x102 : 2;
            machine.access(stranger, NONE, 0, Access.READ);
            machine.devices().run();

            assertThat(faults)
                    .extracting(DmaFault::kind)
                    .containsExactlyElementsOf(
                            smmu
                                    ? List.of("F_TRANSLATION", "F_PERMISSION", "C_BAD_STREAMID")
                                    : List.of("SM_FIRST_STAGE_NOT_PRESENT", "SM_NO_WRITE", "SM_CONTEXT_NOT_PRESENT"));
            assertThat(faults).extracting(DmaFault::stream).containsExactly(1, 1, stranger);
            assertThat(faults).extracting(DmaFault::pasid).containsExactly(NONE, 5, NONE);
            assertThat(faults).extracting(DmaFault::address).containsExactly(0x7000L, 0L, 0L);
            assertThat(faults).extracting(DmaFault::write).startsWith(false, true);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldSayThatFaultsAreMissing(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            machine.driver().onFault(listener);
            machine.driver().map(1, NONE, 0, 0x1000, PAGE, 12, READ_WRITE);
            for (int i = 1; i <= 5000; i++) {
                machine.read(1, NONE, i * PAGE);
            }

            machine.devices().run();
            int recorded = faults.size();
            assertThat(recorded).isBetween(8, 4999);
            assertThat(faults.get(0).address()).isEqualTo(PAGE);
            assertThat(faults.get(recorded - 1).address()).isEqualTo(recorded * PAGE);
            assertThat(overflows).isEqualTo(1);

            machine.read(1, NONE, 7000 * PAGE);
            machine.devices().run();
            assertThat(faults).hasSize(recorded + 1);
            assertThat(faults.get(recorded).address()).isEqualTo(7000 * PAGE);
            assertThat(overflows).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldMapADoorbellWhereThereAreNoInterruptAddresses(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            machine.driver().map(1, NONE, 0, 0x1000, PAGE, 12, READ_WRITE);
            long doorbell = setup.architecture().isSmmu() ? 0x808_0040L : 0xFEE0_1000L;

            long at = machine.driver().mapDoorbell(1, doorbell);

            assertThat(machine.driver().mapDoorbell(1, doorbell)).isEqualTo(at);
            if (setup.architecture().isSmmu()) {
                assertThat(at).isEqualTo(0x800_0040L);
                assertThat(machine.access(1, NONE, at, Access.WRITE).address()).isEqualTo(doorbell);
            } else {
                assertThat(at).isEqualTo(doorbell);
            }
        }
    }
}
