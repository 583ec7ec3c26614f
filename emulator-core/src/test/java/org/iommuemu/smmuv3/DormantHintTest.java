// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** STATUSR.DORMANT: fact sheet 1.3, 1.8. */
class DormantHintTest {
    private SmmuBench b = SmmuBench.started(SmmuBench.withIdr0(0, 0x101));

    @AfterEach
    void close() {
        b.close();
    }

    @Test
    void shouldBeDormantWhileNothingIsCached() {
        assertThat(b.read32(0x40)).isOne();
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        assertThat(b.read32(0x40)).isZero();
        b.invalidateAll();
        assertThat(b.read32(0x40)).isOne();
    }

    @Test
    void shouldNotBeDormantWithConfigurationAlone() {
        b.ste(5).config(4).valid(1);
        b.read(5, 0x1000);
        assertThat(b.read32(0x40)).isZero();
        b.command(0x04, 0x1F);
        assertThat(b.read32(0x40)).isOne();
    }

    @Test
    void shouldNotBeDormantWithTablesAlone() {
        // A walk that ends in an invalid leaf leaves what it read on the way in the walk caches, at either stage.
        b.stage1(5).map(0x2000, SmmuBench.DATA);
        b.read(5, 0x1000);
        b.command(0x04, 0x1F);
        assertThat(b.read32(0x40)).isZero();
        b.invalidateAll();
        assertThat(b.read32(0x40)).isOne();

        TestStage2.empty(b, 6, 0).map(0x2000, SmmuBench.DATA, TestStage2.WRITE_BACK);
        b.ste(6).config(6).valid(1);
        b.read(6, 0x1000);
        b.command(0x04, 0x1F);
        assertThat(b.read32(0x40)).isZero();
    }

    @Test
    void shouldNotHintWhereTheHintIsAbsent() {
        // 1.3: DORMHINT=0.
        b.close();
        b = SmmuBench.started();
        assertThat(b.read32(0x40)).isZero();
    }
}
