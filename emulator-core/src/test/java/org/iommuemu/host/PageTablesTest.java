// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.DrivenMachine.Architecture;
import org.iommuemu.host.DrivenMachine.Setup;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Page tables that are made one after the other are told apart by what entries say of where they are. */
class PageTablesTest {
    @ParameterizedTest
    @EnumSource(value = Architecture.class, mode = Mode.EXCLUDE, names = "VTD_LEGACY")
    void shouldBeginOnPagesOfTheirOwn(Architecture architecture) {
        try (DrivenMachine machine = new DrivenMachine(new Setup(architecture, StageLayout.STAGE_1))) {
            IommuDriver driver = machine.driver();
            PageTables one = driver.newPageTables();
            PageTables two = driver.newPageTables();
            one.map(0x1000, 0x10_0000, 12, IommuDriver.READ);
            two.map(0x1000, 0x20_0000, 12, IommuDriver.READ);

            driver.attach(1, 5, driver.share(one));
            driver.attach(1, 6, driver.share(two));

            assertThat(one.root() % 0x1000).isZero();
            assertThat(two.root() % 0x1000).isZero();
            assertThat(machine.read(1, 5, 0x1000)).isEqualTo(0x10_0000);
            assertThat(machine.read(1, 6, 0x1000)).isEqualTo(0x20_0000);
        }
    }
}
