// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random interleavings of faults, answers, mappings, full and broken queues, and machines switched off and on: every stalled
 * transaction ends exactly once, and none without its record unless there was no need for one. The oracle is a table of tickets.
 */
class StallInterleavingTest {
    private static final int OPERATIONS = 6000;
    private static final int STREAMS = 4;
    private static final int PAGES = 6;
    private static final int MOST = 3;
    private static final int STALL_BIT = 31;

    static LongStream seeds() {
        return Seeds.some();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldEndEveryStalledTransactionOnce(long seed) {
        try (Run run = new Run(seed)) {
            for (int i = 0; i < OPERATIONS; i++) {
                run.operate();
                run.check();
            }
            run.finish();
        }
    }

    /** Software, devices and the table of who waits. */
    private static final class Run implements DevicePort, AutoCloseable {
        private final SplittableRandom random;
        private final SmmuBench b;
        private final TestCd[] cds = new TestCd[STREAMS];
        private final boolean[][] mapped = new boolean[STREAMS][PAGES];
        /** What waits: ticket, and what it was. */
        private final Map<Long, String> waiting = new HashMap<>();
        /** Stall records that software has read and not answered: STAG, and the stream. */
        private final Map<Integer, Integer> unanswered = new HashMap<>();

        private final Set<Long> seen = new HashSet<>();
        private final boolean alwaysStalls;
        private long cr0 = 0xD;
        private int depth;
        private long stalled;

        Run(long seed) {
            random = new SplittableRandom(seed);
            alwaysStalls = seed % 2 == 1;
            b = new SmmuBench(SmmuBench.withStalls(0, MOST, 0), CacheConfiguration.standard())
                    .queues(8, random.nextInt(3))
                    .start();
            b.smmu.connect(this);
            for (int s = 0; s < STREAMS; s++) {
                cds[s] = b.stage1(s).set(44, 44, 1);
            }
        }

        void operate() {
            int s = random.nextInt(STREAMS);
            int page = random.nextInt(PAGES);
            switch (random.nextInt(24)) {
                case 0 -> map(s, page);
                case 1 -> unmap(s, page);
                case 2 -> b.invalidateAll();
                case 3, 4, 5 -> readEvents();
                case 6, 7, 8, 9 -> answer(random.nextInt(3));
                // A STAG out of the blue: of no transaction, or of one of another stream.
                case 10 -> guess(s, random.nextInt(MOST + 1));
                case 11 -> endStream(s);
                // What is off or broken does not stay so for long.
                case 12 -> control(random.nextInt(12) == 0 ? cr0 & ~1 : cr0 | 1);
                case 13 -> control(random.nextInt(4) == 0 ? cr0 & ~4 : cr0 | 4);
                case 14 -> breakQueue(random.nextInt(8) == 0);
                case 15 -> b.write32(0x64, b.read32(0x60));
                case 16 -> setStall(s);
                default -> issue(s, page);
            }
        }

        private void issue(int s, int page) {
            long address = page * 0x1000L + random.nextInt(0x1000);
            Transaction t = new Transaction().read(s, address);
            Verdict v = new Verdict();
            b.smmu.translate(t, v);
            if (v.status() == Status.STALLED) {
                assertThat(seen.add(v.ticket())).as("a new ticket").isTrue();
                waiting.put(v.ticket(), s + " " + address);
                stalled++;
            } else {
                checkOutput(s, address, v);
            }
        }

        private void checkOutput(int s, long address, Verdict v) {
            boolean translates = (cr0 & 1) != 0;
            if (v.isOk() && translates) {
                assertThat(mapped[s][(int) (address >>> 12)]).isTrue();
                assertThat(v.address()).isEqualTo(SmmuBench.DATA + address);
            }
        }

        @Override
        public void resumed(long ticket, Transaction t, Verdict v) {
            assertThat(waiting.remove(ticket)).as("it waited").isEqualTo(t.streamId() + " " + t.address());
            assertThat(v.status()).isNotEqualTo(Status.STALLED);
            checkOutput(t.streamId(), t.address(), v);
            if (depth < 3 && random.nextInt(3) == 0) {
                depth++;
                issue(t.streamId(), random.nextInt(PAGES));
                depth--;
            }
        }

        private void map(int s, int page) {
            mapped[s][page] = true;
            cds[s].map(page * 0x1000L, SmmuBench.DATA + page * 0x1000L);
        }

        private void unmap(int s, int page) {
            mapped[s][page] = false;
            cds[s].unmap(page * 0x1000L);
            b.command(0x30, 0);
        }

        private void setStall(int s) {
            if (!alwaysStalls) {
                cds[s].set(44, 44, random.nextInt(2));
                b.command((long) s << 32 | 5, 1);
            }
        }

        private void readEvents() {
            for (String record : b.events()) {
                long word0 = Long.parseUnsignedLong(record.substring(0, 16), 16);
                long word1 = Long.parseUnsignedLong(record.substring(17, 33), 16);
                if ((word1 >>> STALL_BIT & 1) != 0) {
                    // One that has ended otherwise may have left its STAG to this one.
                    unanswered.put((int) word1 & 0xFFFF, (int) (word0 >>> 32));
                }
            }
        }

        private void answer(int action) {
            if (!unanswered.isEmpty()) {
                int tag = unanswered.keySet().iterator().next();
                int s = unanswered.remove(tag);
                b.command((long) s << 32 | new int[] {0x1044, 0x2044, 0x0044}[action], tag);
            }
        }

        private void guess(int s, int tag) {
            if (unanswered.getOrDefault(tag, -1) != s) {
                int before = b.smmu.statistics().stalled();
                boolean unread = b.read32(0x100A8) != b.read32(0x100AC);
                b.command((long) s << 32 | 0x2044, tag);
                assertThat(b.smmu.statistics().stalled() == before || unread).isTrue();
            }
        }

        private void endStream(int s) {
            if (random.nextInt(4) == 0) {
                b.command((long) s << 32 | 0x45, 0);
                unanswered.values().removeIf(stream -> stream == s);
            }
        }

        private void control(long value) {
            cr0 = value;
            if ((value & 1) == 0) {
                unanswered.clear();
            }
            b.write32(0x20, value);
            if ((value & 1) == 0) {
                // Records of what has ended are of no use any more.
                b.events();
            }
        }

        private void breakQueue(boolean broken) {
            b.memory.mark(SmmuBench.EVENTS, 0x1000, broken ? RangeState.ABSENT : RangeState.PRESENT);
        }

        void check() {
            assertThat(b.smmu.statistics().stalled()).isEqualTo(waiting.size());
            assertThat(b.smmu.statistics().stalled() - b.smmu.statistics().stalledUnrecorded())
                    .isBetween(0, MOST);
            assertThat(b.read32(0x98)).as("no command is stuck").isEqualTo(b.read32(0x9C));
            if (alwaysStalls) {
                assertThat(b.smmu.statistics().eventsOverflowed())
                        .as("stalls do not overflow")
                        .isZero();
                assertThat(b.read32(0x100A8) >>> STALL_BIT).isZero();
            }
        }

        /** Puts everything right: then all that waits must show up in records, and go on. */
        void finish() {
            breakQueue(false);
            b.write32(0x64, b.read32(0x60));
            control(0xD);
            for (int s = 0; s < STREAMS; s++) {
                for (int page = 0; page < PAGES; page++) {
                    map(s, page);
                }
            }
            depth = 3;
            int rounds = 4 * waiting.size() + 8;
            for (int i = 0; i < rounds; i++) {
                readEvents();
                answer(0);
            }
            assertThat(waiting).isEmpty();
            assertThat(b.smmu.statistics().stalled()).isZero();
            assertThat(b.smmu.statistics().stalls()).isEqualTo(stalled).isGreaterThan(OPERATIONS / 20);
        }

        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            return Invalidation.ENDED;
        }

        @Override
        public void respond(PageResponse response) {}

        @Override
        public boolean canStall(int streamId) {
            return true;
        }

        @Override
        public void close() {
            b.close();
        }
    }
}
