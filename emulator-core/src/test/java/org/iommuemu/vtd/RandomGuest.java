// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.TimedFront;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.spec.Descriptor;

/**
 * Software and devices that do anything at random: sensible tables and registers now and then, and strange ones in between.
 *
 * <p>Everything lies in a few pages: root, contexts, PASID directory and table, page tables, queues, interrupt table.
 */
final class RandomGuest implements AutoCloseable {
    private final SplittableRandom random;
    private final RandomWords words;
    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd unit;
    /** Where transactions go. */
    private final Iommu front;

    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final TranslationCompletion completion = new TranslationCompletion();
    private final ArrayDeque<Long> pending = new ArrayDeque<>();
    private boolean scalable;
    private int tail;
    private long allowed;
    private long refused;
    private long outcome;

    RandomGuest(long seed) {
        this(seed, false);
    }

    /**
     * A guest.
     *
     * @param timed whether its transactions go through in time
     */
    RandomGuest(long seed, boolean timed) {
        random = new SplittableRandom(seed);
        words = new RandomWords(random);
        unit = new Vtd(memory, words.features(), words.caches(), new Events());
        front = timed ? timed(unit, seed) : unit;
        unit.connect(new Devices());
        memory.mark(RandomWords.POISONED, 0x1000, RangeState.POISONED);
        setUp();
    }

    private static Iommu timed(Vtd unit, long seed) {
        TimedFront front = new TimedFront(unit, unit.unit(), unit::observe, seed, 0);
        unit.time(front.commands());
        return front;
    }

    /** One thing at random. */
    void step() {
        switch (random.nextInt(24)) {
            case 0 -> unit.writeRegister(words.offset(), random.nextBoolean() ? 4 : 8, words.value());
            case 1 -> outcome = outcome * 31 + unit.readRegister(words.offset(), random.nextBoolean() ? 4 : 8);
            case 2 -> memory.writeLong(words.place(), words.value());
            case 3 ->
                memory.writeLong(
                        RandomWords.table(RandomWords.TABLES + random.nextInt(6)) + words.word(), words.entry());
            case 4, 5 -> clearErrors();
            case 6, 7, 8 -> descriptor();
            case 9 -> {
                if (random.nextInt(8) == 0) {
                    setUp();
                }
            }
            case 10, 11 -> interrupt();
            case 12 -> page();
            case 13, 14 -> request();
            case 15 -> end();
            default -> dma();
        }
    }

    private void setUp() {
        scalable = random.nextInt(3) != 0;
        for (int i = 0; i < 512; i++) {
            memory.writeLong(RandomWords.REGION + i * 8L, scalable || i % 2 == 0 ? RandomWords.CONTEXTS | 1 : 0);
            memory.writeLong(RandomWords.DIRECTORY + i * 8L, RandomWords.PASIDS | 1);
            memory.writeLong(
                    RandomWords.CONTEXTS + i * 8L,
                    scalable ? words.scalableContext(i % 4) : words.legacyContext(i % 2));
            memory.writeLong(RandomWords.PASIDS + i * 8L, words.pasidEntry(i % 8));
            memory.writeLong(RandomWords.INTERRUPTS + i * 8L, i % 2 == 0 ? words.interruptEntry(i & 0xFF) : 0);
        }
        for (int t = RandomWords.TABLES; t <= RandomWords.LAST_TABLE; t++) {
            for (int i = 0; i < 512; i++) {
                memory.writeLong(RandomWords.table(t) + i * 8L, words.entry());
            }
        }
        unit.writeRegister(0x18, 4, 0);
        unit.writeRegister(0x20, 8, RandomWords.REGION | (scalable ? 1 << 10 : 0));
        unit.writeRegister(0x88, 8, 0);
        unit.writeRegister(0x90, 8, RandomWords.QUEUE | (scalable ? 1 << 11 : 0));
        unit.writeRegister(0xB8, 8, RandomWords.INTERRUPTS | random.nextInt(8));
        unit.writeRegister(0xC0, 8, 0);
        unit.writeRegister(0xC8, 8, 0);
        unit.writeRegister(0xD0, 8, RandomWords.PAGE_REQUESTS);
        unit.writeRegister(0x18, 4, 1 << 30 | 1 << 24);
        unit.writeRegister(0x18, 4, 1 << 26);
        unit.writeRegister(0x18, 4, 1 << 26 | 1 << 25);
        unit.writeRegister(0x18, 4, 1L << 31 | 1 << 26 | 1 << 25);
        tail = 0;
        clearErrors();
        count();
    }

    /** Lets counters count anything; without a monitor nothing comes of it. */
    private void count() {
        for (int n = 0; n < 8 && unit.monitor() != null; n++) {
            unit.writeRegister(0x400, 8, n << 16 | 0xF1);
            unit.writeRegister(0x1000 + n * 0x100L, 8, words.counterConfiguration());
            unit.writeRegister(0x1008 + n * 0x100L + random.nextInt(4) * 4L, 4, random.nextLong());
            unit.writeRegister(0x400, 8, n << 16 | 0xF0);
            unit.writeRegister(0x8000 + n * 0x400L, 8, -random.nextInt(64));
        }
    }

    private void clearErrors() {
        for (int i = 0; i < 8; i++) {
            unit.writeRegister(unit.features().faultRecordOffset() + 0xC + i * 16L, 4, 1L << 31);
        }
        if ((unit.readRegister(0x34, 4) & 0x10) != 0) {
            long at = RandomWords.QUEUE + unit.readRegister(0x80, 8) % RandomWords.QUEUE_BYTES;
            memory.writeLong(at, 0x45);
            for (int i = 8; i < (scalable ? 32 : 16); i += 8) {
                memory.writeLong(at + i, 0);
            }
            unit.writeRegister(0x88, 8, tail);
        }
        unit.writeRegister(0x34, 4, 0x71);
        unit.writeRegister(0x9C, 4, 1);
        unit.writeRegister(0xDC, 4, 3);
    }

    private void descriptor() {
        int width = scalable ? 32 : 16;
        long at = RandomWords.QUEUE + tail;
        boolean strange = random.nextInt(8) == 0;
        memory.writeLong(at, strange ? words.value() : words.good(scalable));
        memory.writeLong(at + 8, strange ? words.value() : random.nextInt(4) == 0 ? words.place() & -0x1000L : 0);
        if (scalable) {
            memory.writeLong(at + 16, 0);
            memory.writeLong(at + 24, strange ? random.nextInt(2) : 0);
        }
        tail = (tail + width) % RandomWords.QUEUE_BYTES;
        unit.writeRegister(0x88, 8, random.nextInt(64) == 0 ? words.value() : tail);
    }

    private void dma() {
        transaction.set(words.source(), words.substream(), words.address(), random.nextInt(16));
        if (random.nextInt(6) == 0) {
            front.forwardTranslated(transaction, verdict);
        } else {
            front.translate(transaction, verdict);
        }
        assertThat(verdict.status()).isNotNull().isNotEqualTo(Verdict.Status.STALLED);
        assertThat(verdict.isOk()).isEqualTo(verdict.rule() == null);
        if (verdict.isOk()) {
            allowed++;
        } else {
            refused++;
        }
        outcome = outcome * 31
                + (verdict.isOk()
                        ? verdict.address()
                        : String.valueOf(verdict.rule()).hashCode());
    }

    private void request() {
        front.requestTranslation(
                transaction.set(words.source(), words.substream(), words.address(), random.nextInt(16)), completion);
        assertThat(completion.status()).isNotNull();
        outcome = outcome * 31 + completion.address() + completion.status().ordinal();
    }

    private void page() {
        unit.requestPage(new PageRequest(
                words.source(),
                words.substream(),
                words.address() & -0x1000L,
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextInt(512)));
    }

    private void interrupt() {
        long at = random.nextInt(8) == 0 ? random.nextLong() : 0xFEE0_0010L | random.nextInt(0x200) << 5;
        InterruptMessage m =
                unit.remapInterrupt(words.source(), at, random.nextInt(random.nextInt(1, Integer.MAX_VALUE)));
        outcome = outcome * 31 + (m == null ? 1 : m.address() + m.data());
    }

    private void end() {
        Long ticket = pending.poll();
        unit.invalidationEnded(ticket == null ? random.nextInt() : ticket, random.nextInt(4) != 0);
    }

    Vtd unit() {
        return unit;
    }

    long allowed() {
        return allowed;
    }

    long refused() {
        return refused;
    }

    long descriptors() {
        long sum = 0;
        for (Descriptor d : Descriptor.values()) {
            sum += unit.consumed(d);
        }
        return sum;
    }

    /** Everything that can be seen, as a hash. */
    long state() {
        long state = outcome;
        for (long at = 0; at < 0xA000; at += 4) {
            state = state * 31 + unit.readRegister(at, 4);
        }
        for (long at = RandomWords.REGION; at < RandomWords.POISONED; at += 8) {
            state = state * 31 + memory.readLong(at);
        }
        return state;
    }

    @Override
    public void close() {
        memory.close();
    }

    /** Interrupts count in the outcome. */
    private final class Events implements InterruptSink {
        @Override
        public void pulse(String line) {
            outcome = outcome * 31 + line.hashCode();
        }

        @Override
        public void message(long address, int data) {
            outcome = outcome * 31 + address + data;
        }
    }

    /** Devices that answer at once, later, from within, or never. */
    private final class Devices implements DevicePort {
        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            switch (random.nextInt(8)) {
                case 0 -> {
                    pending.add(request.ticket());
                    return Invalidation.PENDING;
                }
                case 1 -> {
                    unit.invalidationEnded(request.ticket(), random.nextBoolean());
                    return Invalidation.PENDING;
                }
                case 2 -> {
                    return Invalidation.TIMED_OUT;
                }
                default -> {
                    return Invalidation.ENDED;
                }
            }
        }

        @Override
        public void respond(PageResponse response) {
            outcome = outcome * 31 + response.code().ordinal();
        }

        @Override
        public boolean canStall(int streamId) {
            return false;
        }

        @Override
        public void resumed(long ticket, Transaction request, Verdict how) {}
    }
}
