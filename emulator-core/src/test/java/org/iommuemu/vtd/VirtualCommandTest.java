// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;

/** Virtual commands: PASIDs from the host (VT-d architecture 11.4.16). */
class VirtualCommandTest {
    private static final long ALLOCATE = 1;
    private static final long FREE = 2;
    private static final long FAILED = 16 << 1;

    private static VtdBench bench(int pasidBits) {
        VtdFeatures full = VtdFeatures.full();
        long ecap = ExtendedCapability.PSS.set(full.ecap(), pasidBits - 1);
        return new VtdBench(new VtdFeatures(full.ver(), full.cap(), ecap), CacheConfiguration.none());
    }

    private static long command(VtdBench b, long command) {
        b.write64(0xE00, command);
        assertThat(b.read64(0xE00)).as("VCMD").isZero();
        return b.read64(0xE10);
    }

    @Test
    void shouldAllocateTheSmallestThatIsFree() {
        try (VtdBench b = bench(20)) {
            assertThat(b.read64(0xE30)).as("VCCAP").isEqualTo(7);
            assertThat(command(b, ALLOCATE)).isEqualTo(1 << 16);
            assertThat(command(b, ALLOCATE)).isEqualTo(2 << 16);
            assertThat(command(b, FREE | 1 << 16)).isZero();
            assertThat(command(b, ALLOCATE)).isEqualTo(1 << 16);
            assertThat(command(b, ALLOCATE)).isEqualTo(3 << 16);
        }
    }

    @Test
    void shouldFailWhenThereIsNoneLeftOrItIsNotTaken() {
        try (VtdBench b = bench(2)) {
            for (long i = 1; i < 4; i++) {
                assertThat(command(b, ALLOCATE)).isEqualTo(i << 16);
            }
            assertThat(command(b, ALLOCATE)).isEqualTo(FAILED);
            assertThat(command(b, FREE)).as("PASID 0").isEqualTo(FAILED);
            assertThat(command(b, FREE | 4 << 16)).as("beyond PSS").isEqualTo(FAILED);
            assertThat(command(b, FREE | 1L << 63)).isEqualTo(FAILED);
            assertThat(command(b, FREE | 3 << 16)).isZero();
            assertThat(command(b, FREE | 3 << 16)).as("twice").isEqualTo(FAILED);
        }
    }

    @Test
    void shouldKnowTheNullCommandAndNoOther() {
        try (VtdBench b = bench(20)) {
            assertThat(command(b, 3)).isEqualTo(1 << 1);
            assertThat(command(b, 0)).isZero();
        }
    }

    @Test
    void shouldForgetPasidsAtReset() {
        try (VtdBench b = bench(20)) {
            command(b, ALLOCATE);
            b.unit.reset();
            assertThat(b.read64(0xE10)).isZero();
            assertThat(command(b, ALLOCATE)).isEqualTo(1 << 16);
        }
    }
}
