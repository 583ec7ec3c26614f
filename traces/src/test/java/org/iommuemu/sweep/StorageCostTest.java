// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StorageCostTest {
    /** Nothing but what the keys say. */
    private static Settings settings(String keys) {
        final Map<Parameter, String> values = new EnumMap<>(Parameter.class);
        for (String key : List.of(
                "iotlb.entries",
                "configuration-cache.entries",
                "walk-cache.entries-1",
                "walk-cache.entries-2",
                "walk-cache.entries-3")) {
            values.put(Parameter.of(key), "0");
        }
        for (String pair : keys.split(" ")) {
            values.put(Parameter.of(pair.split("=")[0]), pair.split("=")[1]);
        }
        return new Settings("x", "", List.of(), values, Map.of());
    }

    @ParameterizedTest
    @CsvSource({
        // An IOTLB's entry has 36 + 16 + 16 + 3 bits of tag, 36 + 12 of data, one for valid: 120 in all.
        "iotlb.entries=1, 120, 120",
        // 16 sets are four bits less of tag; the order of four ways is 4 x 2 bits.
        "iotlb.entries=64 iotlb.ways=4, 7552, 7552",
        // Fully associative: the order of 64 is 64 x 6 bits.
        "iotlb.entries=64 iotlb.ways=0, 8064, 8064",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=tree-plru, 7472, 7472",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=round-robin, 7456, 7456",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=fifo, 7456, 7456",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=srrip, 7552, 7552",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=lfu, 7680, 7680",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=random, 7424, 7424",
        "iotlb.entries=64 iotlb.ways=4 iotlb.policy=oracle, 7424, 7424",
        // 27 + 16 + 16 of tag, 36 of data, one for valid; 9 of tag less for each level up, from the third on for ever.
        "walk-cache.entries-1=1, 96, 96",
        "walk-cache.entries-2=1, 87, 87",
        // What holds the third height holds the fourth in a cache of its own.
        "walk-cache.entries-3=1, 147, 147",
        "configuration-cache.entries=1, 1077, 1077",
        "micro-tlb.entries=1 micro-tlb.instances=3, 0, 360",
        "first-iotlb.entries=1 first-iotlb.instances=2, 0, 240",
        "atc.entries=1, 0, 101",
        // The IPA cache has no ASID; both are there only where two stages are.
        "ipa-cache.entries=1, 0, 0",
        "ipa-cache.entries=1 machine.stages=nested, 104, 104",
        "walk-cache.entries-1=1 machine.stages=nested, 192, 192",
    })
    void shouldAddUpTagsDataValidBitsAndThePolicysState(String keys, long functional, long timed) {
        assertThat(StorageCost.bits(settings(keys), false)).isEqualTo(functional);
        assertThat(StorageCost.bits(settings(keys), true)).isEqualTo(timed);
    }
}
