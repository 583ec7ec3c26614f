// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.FailurePlan.Step;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes to /dev/ioasid while one of its calls is at a device. */
class IoasidCallsWithinCallsTest {
    /** Does something at the n-th device step of the next call. */
    private static void within(IoasidSetup s, int n, Runnable action) {
        int[] count = new int[1];
        s.machine.core.failures(step -> {
            if (step == Step.DEVICE && ++count[0] == n) {
                action.run();
            }
            return false;
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldTakeTheTableOffADeviceThatIsClosedMeanwhile(int step) {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.allow(s.second, ioasid);
            within(s, step, () -> s.monitor.files().close(s.first).value());

            assertThat(s.bind(ioasid)).isZero();

            assertThat(s.reach(ioasid)).isEqualTo(-1);
            assertThat(s.machine.core.attached(s.one, ioasid)).isNull();
            assertThat(s.machine.function(s.one).usesPasids()).isFalse();
            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
            s.monitor.files().close(s.fd).value();
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.driver.domainsInUse()).isOne();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldEndWhenTheCallIsOver(int step) {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.allow(s.second, ioasid);
            List<Long> inner = new ArrayList<>();
            within(s, step, () -> {
                inner.add(s.unbind(ioasid));
                inner.add(s.disallow(s.first, ioasid));
                s.monitor.files().close(s.fd).value();
            });

            assertThat(s.bind(ioasid)).isZero();

            assertThat(inner).containsExactly(-11L, -11L);
            assertThat(s.reach(ioasid)).isEqualTo(-1);
            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.driver.domainsInUse()).isOne();
        }
    }
}
