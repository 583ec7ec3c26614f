// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.iommuemu.host.DrivenMachine.Setup;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a driver maps is what devices reach, and nothing else, whatever the architecture and whichever stages there are. */
class IommuDriverTest {
    private static final String ALL = "org.iommuemu.host.DrivenMachine$Setup#all";
    private static final String WITH_PASIDS = "org.iommuemu.host.DrivenMachine$Setup#withPasids";
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final long LARGE = 0x20_0000;
    private static final int NONE = IommuDriver.NO_PASID;

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldTranslateWhatIsMappedForEachStream(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();

            driver.map(1, NONE, 0x1000, 0x800_0000_0000L, 2 * PAGE, 12, READ_WRITE);
            driver.map(0xFFFF, NONE, 0x1000, 0x900_0000_0000L, PAGE, 12, READ_WRITE);
            driver.map(1, NONE, LARGE, 0x800_0020_0000L, LARGE, 21, READ_WRITE);
            driver.map(1, NONE, 1L << 30, 0x40_0000_0000L, 1L << 30, 30, READ_WRITE);

            assertThat(machine.read(1, NONE, 0x1234)).isEqualTo(0x800_0000_0234L);
            assertThat(machine.read(1, NONE, 0x2FFF)).isEqualTo(0x800_0000_1FFFL);
            assertThat(machine.read(0xFFFF, NONE, 0x1234)).isEqualTo(0x900_0000_0234L);
            assertThat(machine.read(1, NONE, LARGE + 0x12_3456)).isEqualTo(0x800_0032_3456L);
            assertThat(machine.read(1, NONE, (1L << 30) + 0x1234_5678)).isEqualTo(0x40_1234_5678L);
            assertThat(machine.read(1, NONE, 0x3000)).isEqualTo(-1);
            assertThat(machine.read(0xFFFF, NONE, 0x2000)).isEqualTo(-1);
            assertThat(machine.read(2, NONE, 0x1000)).isEqualTo(-1);
            assertThat(driver.addressSpaces()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLeaveNothingStaleWhenItUnmaps(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, LARGE, 0x800_0020_0000L, LARGE, 21, READ_WRITE);
            driver.map(1, NONE, 0x1000, 0x800_0000_0000L, 7 * PAGE, 12, READ_WRITE);
            driver.map(2, NONE, LARGE, 0x900_0020_0000L, LARGE, 21, READ_WRITE);
            assertThat(machine.read(1, NONE, LARGE)).isEqualTo(0x800_0020_0000L);
            assertThat(machine.read(1, NONE, 0x7000)).isEqualTo(0x800_0000_6000L);
            assertThat(machine.read(2, NONE, LARGE)).isEqualTo(0x900_0020_0000L);

            driver.unmap(1, NONE, LARGE, LARGE, 21);
            driver.unmap(1, NONE, 0x1000, 7 * PAGE, 12);

            assertThat(machine.read(1, NONE, LARGE)).isEqualTo(-1);
            assertThat(machine.read(1, NONE, 0x7000)).isEqualTo(-1);
            assertThat(machine.read(2, NONE, LARGE)).isEqualTo(0x900_0020_0000L);
            driver.map(1, NONE, LARGE, 0x800_0040_0000L, LARGE, 21, READ_WRITE);
            assertThat(machine.read(1, NONE, LARGE)).isEqualTo(0x800_0040_0000L);
            assertThat(machine.stale().staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldReplaceATableByABlock(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, LARGE, 0x800_0000_0000L, PAGE, 12, READ_WRITE);
            assertThat(machine.read(1, NONE, LARGE)).isEqualTo(0x800_0000_0000L);
            driver.unmap(1, NONE, LARGE, PAGE, 12);

            driver.map(1, NONE, LARGE, 0x800_0020_0000L, LARGE, 21, READ_WRITE);

            assertThat(machine.read(1, NONE, LARGE + PAGE)).isEqualTo(0x800_0020_1000L);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldForgetCachesOnRequest(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, 0, 0x800_0000_0000L, 3 * PAGE, 12, READ_WRITE);
            machine.read(1, NONE, 0);
            machine.read(1, NONE, PAGE);
            machine.read(1, NONE, 2 * PAGE);
            long held = machine.unit().iotlb().cache().size();

            driver.invalidate(1, NONE, PAGE + 5, 1);
            // Linux has two pages invalidated: a range of one page without a level is reserved (IHI 0070 §4.4.1).
            int gone = setup.architecture().isSmmu() ? 2 : 1;
            assertThat(machine.unit().iotlb().cache().size()).isEqualTo((int) held - gone);
            driver.invalidate(1, NONE, 0, 0);
            assertThat(machine.unit().iotlb().cache().size()).isZero();
            assertThat(machine.read(1, NONE, PAGE)).isEqualTo(0x800_0000_1000L);
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldGivePasidsSpacesOfTheirOwn(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, 0, 0x800_0000_0000L, PAGE, 12, READ_WRITE);
            assertThat(machine.read(1, NONE, 0)).isEqualTo(0x800_0000_0000L);

            driver.map(1, 5, 0, 0x810_0000_0000L, PAGE, 12, READ_WRITE);
            driver.map(1, 0xF_FFFF, 0, 0x820_0000_0000L, PAGE, 12, READ_WRITE);

            assertThat(machine.read(1, NONE, 0)).isEqualTo(0x800_0000_0000L);
            assertThat(machine.read(1, 5, 0)).isEqualTo(0x810_0000_0000L);
            assertThat(machine.read(1, 0xF_FFFF, 0)).isEqualTo(0x820_0000_0000L);
            assertThat(machine.read(1, 6, 0)).isEqualTo(-1);
            driver.unmap(1, 5, 0, PAGE, 12);
            assertThat(machine.read(1, 5, 0)).isEqualTo(-1);
            assertThat(machine.read(1, NONE, 0)).isEqualTo(0x800_0000_0000L);
            assertThat(driver.addressSpaces()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldMapWithPermissions(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, 1, 0, 0x1000, PAGE, 12, IommuDriver.READ);
            driver.map(1, 1, PAGE, 0x2000, PAGE, 12, READ_WRITE | IommuDriver.PRIVILEGED);

            assertThat(machine.access(1, 1, 0, Access.READ).isOk()).isTrue();
            assertThat(machine.access(1, 1, 0, Access.WRITE).isOk()).isFalse();
            assertThat(machine.access(1, 1, PAGE, Access.READ).isOk()).isFalse();
            Verdict privileged = machine.access(1, 1, PAGE, Access.WRITE | Access.PRIVILEGED);
            assertThat(privileged.isOk()).as("%s", privileged.rule()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldSayWhatCannotBeMapped(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, NONE, LARGE, 0x20_0000, LARGE, 21, READ_WRITE);

            assertThatThrownBy(() -> driver.map(1, NONE, LARGE + PAGE, 0x1000, PAGE, 12, READ_WRITE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("0x201000 is mapped already, by a page of 2^21 bytes, expected it unmapped");
            assertThatThrownBy(() -> driver.unmap(1, NONE, LARGE, PAGE, 12))
                    .hasMessage("0x200000 is mapped by a page of 2^21 bytes, expected it unmapped by as many");
            assertThatThrownBy(() -> driver.map(1, NONE, 0, 0, 1 << 16, 16, READ_WRITE))
                    .hasMessage("a page has 2^16 bytes, expected one of 2^12, 2^21, 2^30");
            assertThatThrownBy(() -> driver.map(1, NONE, 1L << 48, 0, PAGE, 12, READ_WRITE))
                    .hasMessageMatching("0x1000000000000 is mapped or unmapped, expected addresses below 2\\^4[78]");
            assertThatThrownBy(() -> driver.map(1, NONE, 0, 1L << 52, PAGE, 12, READ_WRITE))
                    .hasMessageMatching("0x10000000000000 is mapped to, expected addresses below 2\\^(48|52)");
        }
    }
}
