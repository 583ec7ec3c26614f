// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BitTreeTest {
    @ParameterizedTest
    @ValueSource(ints = {64, 256, 1 << 12, 1 << 13, BitTree.CAPACITY})
    void shouldFindTheNextMemberAsASortedSetDoes(int capacity) {
        BitTree tree = new BitTree(capacity);
        TreeSet<Integer> naive = new TreeSet<>();
        SplittableRandom random = new SplittableRandom(capacity);
        for (int step = 0; step < 20_000; step++) {
            int member = random.nextBoolean() ? random.nextInt(capacity) : random.nextInt(64) * (capacity / 64);
            if (naive.size() < step / 1000 && naive.add(member)) {
                tree.add(member);
            } else if (!naive.isEmpty()) {
                Integer present = naive.first();
                naive.remove(present);
                tree.remove(present);
            }
            int from = random.nextInt(capacity);
            Integer expected = naive.ceiling(from);
            assertThat(tree.next(from)).isEqualTo(expected == null ? -1 : expected);
        }
    }
}
