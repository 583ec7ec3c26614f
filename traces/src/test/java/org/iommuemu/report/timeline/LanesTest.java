// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LanesTest {
    @Test
    void shouldTakeTheLowestLaneThatIsFree() {
        Lanes lanes = new Lanes();

        assertThat(lanes.take(0, 10)).isZero();
        assertThat(lanes.take(0, 5)).isEqualTo(1);
        assertThat(lanes.take(4, 20)).isEqualTo(2);
        assertThat(lanes.take(5, 6)).isEqualTo(1);
        assertThat(lanes.take(10, 11)).isZero();
        assertThat(lanes.take(10, 11)).isEqualTo(1);
        assertThat(lanes.count()).isEqualTo(3);
    }

    @Test
    void shouldNotPutTwoThatEndAtOnceOnTheSameLane() {
        Lanes lanes = new Lanes();

        assertThat(lanes.take(3, 3)).isZero();
        assertThat(lanes.take(3, 3)).isEqualTo(1);
        assertThat(lanes.take(4, 9)).isZero();
    }
}
