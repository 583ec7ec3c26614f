// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;

/** How many device-TLB invalidations may be outstanding: tags of a destination, MIP of a function (VT-d architecture 6.5.2.5). */
class DeviceTlbThrottleTest {
    private static VtdBench bench(boolean dit, int mode) {
        VtdFeatures full = VtdFeatures.full();
        long ecap = ExtendedCapability.DIT.set(full.ecap(), dit ? 1 : 0);
        VtdBench b = new VtdBench(new VtdFeatures(full.ver(), full.cap(), ecap), CacheConfiguration.none());
        b.answer = DevicePort.Invalidation.PENDING;
        return b.start(mode);
    }

    /** A device-TLB invalidation of a source, for a physical function. */
    private static long request(int source, int function, int most) {
        return 3 | (function & 0xFL) << 12 | (long) most << 16 | (long) source << 32 | (function >>> 4 & 0xFFFL) << 52;
    }

    private static long first(VtdBench b) {
        AtcInvalidation r = b.requests.get(0);
        return r.ticket();
    }

    @Test
    void shouldHoldTheQueueWhenAFunctionHasAsManyAsItMay() {
        try (VtdBench b = bench(true, 0)) {
            b.descriptor(request(0x118, 0xAB8, 2), 0).descriptor(request(0x119, 0xAB8, 2), 0x1000);
            b.descriptor(request(0x11A, 0xAB8, 2), 0x2000);
            assertThat(b.requests).hasSize(2);
            assertThat(b.read64(0x80)).as("the head waits at the third").isEqualTo(0x20);

            b.unit.invalidationEnded(first(b), true);

            assertThat(b.requests).hasSize(3);
            assertThat(b.read64(0x80)).isEqualTo(0x30);
        }
    }

    @Test
    void shouldCountEachFunctionByItself() {
        try (VtdBench b = bench(true, 0)) {
            b.descriptor(request(0x118, 0xAB8, 1), 0).descriptor(request(0x119, 0xAC8, 1), 0);
            b.descriptor(request(0x11A, 0xAB9, 1), 0);

            assertThat(b.requests).hasSize(3);
        }
    }

    @Test
    void shouldTakeThePasidFormsOwnFields() {
        try (VtdBench b = bench(true, 1)) {
            long request = 8 | 2 << 4 | 0x5 << 12 | 0x118L << 16 | 9L << 32 | 0x3L << 52;
            for (int i = 0; i < 3; i++) {
                b.descriptor(request, 0);
            }
            assertThat(b.requests).hasSize(2);
        }
    }

    @Test
    void shouldTakeZeroFor32() {
        try (VtdBench b = bench(true, 0)) {
            for (int i = 0; i < 40; i++) {
                b.descriptor(request(0x100 + i, 0x100, 0), 0);
            }
            assertThat(b.requests).hasSize(32);
        }
    }

    @Test
    void shouldIgnoreTheFunctionWithoutThrottling() {
        try (VtdBench b = bench(false, 0)) {
            for (int i = 0; i < 40; i++) {
                b.descriptor(request(0x100 + i, 0x100, 1), 0);
            }
            assertThat(b.requests).hasSize(40);
        }
    }

    @Test
    void shouldRunOutOfTheTagsOfADestination() {
        try (VtdBench b = bench(false, 0)) {
            for (int i = 0; i < 33; i++) {
                b.descriptor(request(0x118, 0x118, 0), (long) i << 12);
            }
            assertThat(b.requests).hasSize(32);
            b.unit.invalidationEnded(first(b), true);
            assertThat(b.requests).hasSize(33);
        }
    }
}
