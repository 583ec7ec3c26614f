// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The textbook definition of each policy for one set, in the plainest Java; the oracle of {@link CacheOracleTest}.
 * Shares nothing with the code under test.
 */
interface NaivePolicy {

    /** A hit, or a fill in place. */
    void used(int way);

    /** New tags in the way. */
    void inserted(int way);

    /** Which way to evict; all are valid. */
    int victim();

    static NaivePolicy of(final ReplacementPolicy policy, final int ways, final SplittableRandom random) {
        return switch (policy) {
            case LRU -> new Ordered(true);
            case FIFO -> new Ordered(false);
            case TREE_PLRU -> new Tree(ways);
            case ROUND_ROBIN -> new Pointer(ways);
            case RANDOM -> new Drawn(ways, random);
            case SRRIP -> new Intervals(ways);
            case LFU -> new Counts(ways);
            case ORACLE -> throw new IllegalArgumentException("knows the future");
        };
    }

    /** LRU and FIFO: a list of ways, the oldest first. */
    final class Ordered implements NaivePolicy {
        private final List<Integer> order = new ArrayList<>();
        private final boolean hitsCount;

        Ordered(final boolean hitsCount) {
            this.hitsCount = hitsCount;
        }

        @Override
        public void used(final int way) {
            if (hitsCount) {
                inserted(way);
            }
        }

        @Override
        public void inserted(final int way) {
            order.remove((Integer) way);
            order.add(way);
        }

        @Override
        public int victim() {
            return order.get(0);
        }
    }

    /** Tree pseudo-LRU: per half-open range of ways that is split, which half is to be evicted from. */
    final class Tree implements NaivePolicy {
        private final Map<String, Boolean> rightIsColder = new HashMap<>();
        private final int ways;
        private int leaves = 1;

        Tree(final int ways) {
            this.ways = ways;
            while (leaves < ways) {
                leaves *= 2;
            }
        }

        @Override
        public void used(final int way) {
            int from = 0;
            int to = leaves;
            while (to - from > 1) {
                final int middle = (from + to) / 2;
                rightIsColder.put(from + "-" + to, way < middle);
                if (way < middle) {
                    to = middle;
                } else {
                    from = middle;
                }
            }
        }

        @Override
        public void inserted(final int way) {
            used(way);
        }

        @Override
        public int victim() {
            int from = 0;
            int to = leaves;
            while (to - from > 1) {
                final int middle = (from + to) / 2;
                if (middle < ways && rightIsColder.getOrDefault(from + "-" + to, false)) {
                    from = middle;
                } else {
                    to = middle;
                }
            }
            return from;
        }
    }

    /** Round robin: one way after the other. */
    final class Pointer implements NaivePolicy {
        private final int ways;
        private int evictions;

        Pointer(final int ways) {
            this.ways = ways;
        }

        @Override
        public void used(final int way) {}

        @Override
        public void inserted(final int way) {}

        @Override
        public int victim() {
            return evictions++ % ways;
        }
    }

    /** Random: the JDK's own SplitMix64, its upper 32 bits scaled to the number of ways. */
    final class Drawn implements NaivePolicy {
        private final int ways;
        private final SplittableRandom random;

        Drawn(final int ways, final SplittableRandom random) {
            this.ways = ways;
            this.random = random;
        }

        @Override
        public void used(final int way) {}

        @Override
        public void inserted(final int way) {}

        @Override
        public int victim() {
            if (ways == 1) {
                return 0;
            }
            return (int) Math.floor((random.nextLong() >>> 32) / 4294967296.0 * ways);
        }
    }

    /** LFU: a count per way, all halved when one gets to 15. */
    final class Counts implements NaivePolicy {
        private final List<Integer> counts;

        Counts(final int ways) {
            counts = new ArrayList<>(Collections.nCopies(ways, 0));
        }

        @Override
        public void used(final int way) {
            counts.set(way, counts.get(way) + 1);
            if (counts.get(way) == 15) {
                counts.replaceAll(count -> count / 2);
            }
        }

        @Override
        public void inserted(final int way) {
            counts.set(way, 0);
        }

        @Override
        public int victim() {
            return counts.indexOf(Collections.min(counts));
        }
    }

    /** SRRIP with hit priority, M = 2: figure 4 of Jaleel et al., ISCA 2010. */
    final class Intervals implements NaivePolicy {
        private final int[] rrpv;

        Intervals(final int ways) {
            rrpv = new int[ways];
        }

        @Override
        public void used(final int way) {
            rrpv[way] = 0;
        }

        @Override
        public void inserted(final int way) {
            rrpv[way] = 2;
        }

        @Override
        public int victim() {
            while (true) {
                for (int way = 0; way < rrpv.length; way++) {
                    if (rrpv[way] == 3) {
                        return way;
                    }
                }
                for (int way = 0; way < rrpv.length; way++) {
                    rrpv[way]++;
                }
            }
        }
    }
}
