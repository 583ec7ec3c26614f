// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.spec.Descriptor;

/**
 * Software and devices that do anything at random: sensible tables and registers now and then, and strange ones in between.
 *
 * <p>Everything lies in a few pages: root, contexts, PASID directory and table, page tables, queues, interrupt table.
 */
final class RandomGuest implements AutoCloseable {
    private static final long REGION = 0x10_0000;
    private static final int PAGES = 16;
    private static final long CONTEXTS = REGION + 0x1000;
    private static final long DIRECTORY = REGION + 0x2000;
    private static final long PASIDS = REGION + 0x3000;
    private static final int TABLES = 4;
    private static final int LAST_TABLE = 9;
    private static final long QUEUE = REGION + 0xA000;
    private static final long INTERRUPTS = REGION + 0xC000;
    private static final long PAGE_REQUESTS = REGION + 0xD000;
    private static final long POISONED = REGION + 0xF000;
    private static final int QUEUE_BYTES = 0x1000;

    private final SplittableRandom random;
    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd unit;
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
        random = new SplittableRandom(seed);
        unit = new Vtd(memory, features(), caches(), new Events());
        unit.connect(new Devices());
        memory.mark(POISONED, 0x1000, RangeState.POISONED);
        setUp();
    }

    private VtdFeatures features() {
        VtdFeatures f = VtdFeatures.full();
        long cap = f.cap();
        long ecap = f.ecap();
        long version = 0x10L << random.nextInt(3);
        if (random.nextInt(3) == 0) {
            // PSI, a guest address width, page sizes, fault records, ESRTPS; device TLBs, snoop control, scalable mode.
            cap &= ~(1L << 39 | 7L << 8 | 3L << 34 | 7L << 40 | 1L << 63) | random.nextLong() & 7L << 40 | 6L << 8;
            ecap &= ~(1L << 2 | 1L << 7 | 1L << 43) | random.nextLong();
        }
        return new VtdFeatures(random.nextBoolean() ? version : f.ver(), cap, ecap);
    }

    private CacheConfiguration caches() {
        ReplacementPolicy[] policies = ReplacementPolicy.values();
        ReplacementPolicy policy = policies[random.nextInt(policies.length)];
        CacheGeometry g = new CacheGeometry(1 + random.nextInt(8), 1 + random.nextInt(8), policy, 1);
        return random.nextInt(4) == 0 ? CacheConfiguration.none() : CacheConfiguration.uniform(g);
    }

    /** One thing at random. */
    void step() {
        switch (random.nextInt(24)) {
            case 0 -> unit.writeRegister(offset(), random.nextBoolean() ? 4 : 8, value());
            case 1 -> outcome = outcome * 31 + unit.readRegister(offset(), random.nextBoolean() ? 4 : 8);
            case 2 -> memory.writeLong(place(), value());
            case 3 -> memory.writeLong(table(TABLES + random.nextInt(6)) + word(), entry());
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
            memory.writeLong(REGION + i * 8L, scalable || i % 2 == 0 ? CONTEXTS | 1 : 0);
            memory.writeLong(DIRECTORY + i * 8L, PASIDS | 1);
            memory.writeLong(CONTEXTS + i * 8L, scalable ? scalableContext(i % 4) : legacyContext(i % 2));
            memory.writeLong(PASIDS + i * 8L, pasidEntry(i % 8));
            memory.writeLong(INTERRUPTS + i * 8L, i % 2 == 0 ? 1 | (i & 0xFFL) << 16 | 0x100L << 32 : 0);
        }
        for (int t = TABLES; t <= LAST_TABLE; t++) {
            for (int i = 0; i < 512; i++) {
                memory.writeLong(table(t) + i * 8L, entry());
            }
        }
        unit.writeRegister(0x18, 4, 0);
        unit.writeRegister(0x20, 8, REGION | (scalable ? 1 << 10 : 0));
        unit.writeRegister(0x88, 8, 0);
        unit.writeRegister(0x90, 8, QUEUE | (scalable ? 1 << 11 : 0));
        unit.writeRegister(0xB8, 8, INTERRUPTS | random.nextInt(8));
        unit.writeRegister(0xC0, 8, 0);
        unit.writeRegister(0xC8, 8, 0);
        unit.writeRegister(0xD0, 8, PAGE_REQUESTS);
        unit.writeRegister(0x18, 4, 1 << 30 | 1 << 24);
        unit.writeRegister(0x18, 4, 1 << 26);
        unit.writeRegister(0x18, 4, 1 << 26 | 1 << 25);
        unit.writeRegister(0x18, 4, 1L << 31 | 1 << 26 | 1 << 25);
        tail = 0;
        clearErrors();
    }

    private long legacyContext(int word) {
        long tables = table(TABLES + random.nextInt(6));
        return word == 0 ? tables | 1 | random.nextInt(3) << 2 : 1 + random.nextInt(3) | random.nextInt(4) << 8;
    }

    private long scalableContext(int word) {
        // P, sometimes FPD, DTE, PASIDE, PRE.
        return word == 0 ? DIRECTORY | 0x1D | (random.nextInt(8) == 0 ? 2 : 0) : 0;
    }

    private long pasidEntry(int word) {
        long tables = table(TABLES + random.nextInt(6));
        return switch (word) {
            case 0 -> tables | 1 | 1 + random.nextInt(3) << 2 | 1 + random.nextInt(4) << 6 | random.nextInt(2) << 9;
            case 1 -> random.nextInt(4);
            case 2 -> tables | random.nextInt(2) | random.nextInt(2) << 2 | random.nextInt(2) << 4;
            default -> 0;
        };
    }

    /** Tables point to each other and to themselves; some entries are leaves. */
    private long entry() {
        long next = random.nextInt(8) == 0 ? place() & -0x1000L : table(TABLES + random.nextInt(6));
        long bits = random.nextInt(8) == 0 ? random.nextInt(0x1000) & ~0x880 : 7;
        long odd = random.nextInt(32) == 0 ? 1L << random.nextInt(64) : 0;
        return next | bits | odd;
    }

    private static long table(int page) {
        return REGION + page * 0x1000L;
    }

    private long word() {
        return random.nextInt(512) * 8L;
    }

    private long place() {
        return REGION + random.nextInt(PAGES * 512) * 8L;
    }

    private long value() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(64);
            case 1 -> place() & -0x1000L | random.nextInt(0x1000);
            case 2 -> 1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }

    private long offset() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt();
            case 1 -> 0x400 + random.nextInt(0x60) * 4L;
            default -> random.nextInt(0x40) * 4L;
        };
    }

    private void clearErrors() {
        for (int i = 0; i < 8; i++) {
            unit.writeRegister(0x40C + i * 16L, 4, 1L << 31);
        }
        if ((unit.readRegister(0x34, 4) & 0x10) != 0) {
            long at = QUEUE + unit.readRegister(0x80, 8) % QUEUE_BYTES;
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
        long at = QUEUE + tail;
        boolean strange = random.nextInt(8) == 0;
        memory.writeLong(at, strange ? value() : good());
        memory.writeLong(at + 8, strange ? value() : random.nextInt(4) == 0 ? place() & -0x1000L : 0);
        if (scalable) {
            memory.writeLong(at + 16, 0);
            memory.writeLong(at + 24, strange ? random.nextInt(2) : 0);
        }
        tail = (tail + width) % QUEUE_BYTES;
        unit.writeRegister(0x88, 8, random.nextInt(64) == 0 ? value() : tail);
    }

    private long good() {
        int type = 1 + random.nextInt(scalable ? 9 : 5);
        long granularity = 1 + random.nextInt(3);
        return switch (type) {
            case 1, 2, 6, 7 -> type | granularity << 4 | (long) random.nextInt(4) << 16;
            case 5 -> 0x25 | 0x1234L << 32;
            case 8, 9 -> type | (long) random.nextInt(8) << 16;
            default -> type;
        };
    }

    private int source() {
        return random.nextInt(16) == 0 ? random.nextInt() : random.nextInt(32);
    }

    private int substream() {
        return random.nextInt(3) != 0 ? Transaction.NO_SUBSTREAM : random.nextInt(1 << random.nextInt(21));
    }

    private long address() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> 0xFEE0_0000L | random.nextInt(0x10_0000);
            case 2 -> random.nextLong() >> 17 + random.nextInt(10);
            default -> random.nextLong() >>> 64 - 39 + random.nextInt(20);
        };
    }

    private void dma() {
        transaction.set(source(), substream(), address(), random.nextInt(16));
        if (random.nextInt(6) == 0) {
            unit.forwardTranslated(transaction, verdict);
        } else {
            unit.translate(transaction, verdict);
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
        unit.requestTranslation(transaction.set(source(), substream(), address(), random.nextInt(16)), completion);
        assertThat(completion.status()).isNotNull();
        outcome = outcome * 31 + completion.address() + completion.status().ordinal();
    }

    private void page() {
        unit.requestPage(new PageRequest(
                source(),
                substream(),
                address() & -0x1000L,
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextInt(512)));
    }

    private void interrupt() {
        long at = random.nextInt(8) == 0 ? random.nextLong() : 0xFEE0_0010L | random.nextInt(0x200) << 5;
        InterruptMessage m = unit.remapInterrupt(source(), at, random.nextInt(random.nextInt(1, Integer.MAX_VALUE)));
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
        for (long at = 0; at < 0x600; at += 4) {
            state = state * 31 + unit.readRegister(at, 4);
        }
        for (long at = REGION; at < POISONED; at += 8) {
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
