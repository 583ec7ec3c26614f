// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.iommuemu.pcie.StreamRanges.Range;
import org.junit.jupiter.api.Test;

/** Requester ids are StreamIDs by ranges, as in IORT ID mappings. */
class StreamRangesTest {
    private static final Range FIRST = new Range(0, 0x100, 0x100, 0x8000_0000L);
    private static final Range SECOND = new Range(0, 0x0, 0x8, 0x10);
    private static final Range ELSEWHERE = new Range(1, 0x100, 0x100, 0x2_0000);

    private final StreamRanges map = new StreamRanges(0, List.of(FIRST, SECOND, ELSEWHERE));

    @Test
    void shouldMapBothWays() {
        assertThat(map.streamOf(0x1FF)).isEqualTo(0x8000_00FF);
        assertThat(map.streamOf(7)).isEqualTo(0x17);
        assertThat(map.requesterOf(0x8000_0000)).isEqualTo(0x100);
        assertThat(map.requesterOf(0x17)).isEqualTo(7);
        assertThat(new StreamRanges(1, List.of(FIRST, SECOND, ELSEWHERE)).streamOf(0x101))
                .isEqualTo(0x2_0001);
    }

    @Test
    void shouldKnowNoOthers() {
        assertThat(map.streamOf(8)).isEqualTo(StreamMap.NONE);
        assertThat(map.streamOf(0x200)).isEqualTo(StreamMap.NONE);
        assertThat(map.requesterOf(0x18)).isEqualTo(StreamMap.NONE);
        assertThat(map.requesterOf(0x2_0000)).as("another segment's").isEqualTo(StreamMap.NONE);
    }

    @Test
    void shouldRefuseRangesThatOverlap() {
        assertThatThrownBy(() -> new StreamRanges(0, List.of(FIRST, new Range(0, 0x1FF, 2, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("overlap");
        assertThatThrownBy(() -> new StreamRanges(0, List.of(FIRST, new Range(1, 0, 1, 0x8000_0000L))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("overlap");
    }

    @Test
    void shouldRefuseIdsThatDoNotFit() {
        assertThatThrownBy(() -> new Range(0, 0xFF00, 0x101, 0)).hasMessageContaining("16 bits");
        assertThatThrownBy(() -> new Range(0, 0, 1, 0xFFFF_FFFFL)).hasMessageContaining("32 bits");
    }
}
