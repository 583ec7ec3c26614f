// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What happens while SMMUEN=0: fact sheet 1.6, 1.8, 7.1 step 2. */
class GlobalBypassTest {
    private final SmmuBench b = SmmuBench.reset();

    @AfterEach
    void close() {
        b.close();
    }

    @Test
    void shouldBypassAfterReset() {
        assertThat(b.write(5, 0xFFFF_FFFF_FFFFL).address()).isEqualTo(0xFFFF_FFFF_FFFFL);
        assertThat(b.fetch(-1, 0).isOk()).isTrue();
    }

    @Test
    void shouldIgnoreTheSubstream() {
        assertThat(b.readSubstream(5, 0xFFFFF, 0x1000).address()).isEqualTo(0x1000);
    }

    @ParameterizedTest
    @CsvSource({"0, 32", "1, 36", "2, 40", "3, 42", "4, 44", "5, 48"})
    void shouldAbortSilentlyAboveOas(int code, int bits) {
        try (SmmuBench s = SmmuBench.started(SmmuBench.withIdr5(7, code))) {
            s.write32(0x20, 0xC);
            assertThat(s.read(5, (1L << bits) - 1).isOk()).isTrue();
            assertThat(s.read(5, 1L << bits).status()).isEqualTo(Status.ABORT);
            assertThat(s.read(5, -1L).status()).isEqualTo(Status.ABORT);
            assertThat(s.events()).isEmpty();
        }
    }

    @Test
    void shouldAbortEverythingWithGbpaAbort() {
        b.start();
        b.write32(0x20, 0xC);
        b.write32(0x44, 0x8010_1000L);
        assertThat(b.write(5, 0x1000).status()).isEqualTo(Status.ABORT);
        assertThat(b.readSubstream(5, 1, 0).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).isEmpty();

        b.write32(0x44, 0x8000_1000L);
        assertThat(b.write(5, 0x1000).isOk()).isTrue();
    }

    @Test
    void shouldReadNoStructuresAndCacheNothing() {
        b.start();
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.write32(0x20, 0xC);
        b.memory.mark(SmmuBench.STREAM_TABLE, 0x4000, RangeState.POISONED);
        long reads = b.smmu.statistics().structureReads();

        assertThat(b.read(5, 0x1000).address()).isEqualTo(0x1000);
        assertThat(b.smmu.statistics().structureReads()).isEqualTo(reads);
        assertThat(b.smmu.unit().configurations().cache().size()).isZero();
        assertThat(b.smmu.unit().iotlb().cache().size()).isZero();
    }

    @Test
    void shouldKeepCachesOverDisabling() {
        // 1.6: caches are not invalidated by SMMUEN 1->0.
        b.start();
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        b.write32(0x20, 0xC);
        assertThat(b.read(5, 0x1000).address()).isEqualTo(0x1000);
        cd.unmap(0x1000);
        b.write32(0x20, 0xD);

        assertThat(b.read(5, 0x1000).address())
                .as("stale, as nothing was invalidated")
                .isEqualTo(SmmuBench.DATA);
    }

    @Test
    void shouldExecuteCommandsWhileDisabled() {
        // 1.6: commands still work; also ignored ones and prefetches are consumed.
        b.start();
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        b.write32(0x20, 0xC);
        cd.map(0x1000, SmmuBench.DATA + 0x1000);
        b.command(0x0000_0005_0000_0001L, 0).command(0x30, 0).sync();
        b.write32(0x20, 0xD);

        assertThat(b.read32(0x60)).isZero();
        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
        assertThat(b.read(5, 0x1000).address()).isEqualTo(SmmuBench.DATA + 0x1000);
    }

    @Test
    void shouldUseStreamTableWrittenWhileDisabled() {
        b.start();
        b.write32(0x20, 0xC);
        b.write64(0x80, 0x500_0000);
        b.write32(0x20, 0xD);
        b.memory.writeLong(0x500_0000 + 3 * 64, 0x9);
        assertThat(b.read(3, 0x1000).isOk()).isTrue();
    }
}
