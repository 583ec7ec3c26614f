// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.junit.jupiter.api.Test;

/** Domain ids are a resource too: guests may use all of them up, and are told. */
class GuestLimitsTest {
    @Test
    void shouldRefuseATableAndAContainerThatThereIsNoDomainIdFor() {
        try (GuestSetup s = GuestSetup.vtd()) {
            GuestTables.FirstStage tables = GuestSetup.firstStage(s.guest.tables());
            s.bound();
            int pasid = s.container.allocatePasid(1, 100).value();
            while (s.machine.core.nest(s.container.memory(), tables).isOk()) {
                // One domain id less.
            }
            String before = s.machine.image();

            assertThat(s.bind(GuestSetup.bind(CarrierLayout.BIND_GUEST_PGTBL, pasid, tables.root())))
                    .isEqualTo(-28);
            assertThat(s.containers.open(s.caller, GuestOptions.STANDARD).errno())
                    .isEqualTo(Errno.ENOSPC);

            assertThat(s.machine.image()).isEqualTo(before);
            s.container.unbind(1).value();
            assertThat(s.container.bind(pasid, tables).isOk()).isTrue();
        }
    }
}
