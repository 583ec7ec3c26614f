// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
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
import org.iommuemu.smmuv3.spec.Command;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A guest that sets the machine up as it should, and then writes structures and commands that are half right: everything ends,
 * in a verdict that names its rule or in an address that fits. The counts at the end show that it got deep enough.
 */
class GuestProgramFuzzTest {
    private static final int ROUNDS = 300;
    private static final int ACCESSES = 120;
    private static final long COMMANDS = 0x9_0000;
    private static final int COMMAND_MASK = 63;
    private static final long EVENTS = 0xA_0000;
    private static final long PAGE_REQUESTS = 0xB_0000;
    private static final int[] OPCODES = {
        1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x28, 0x2A, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46
    };

    private final PhysicalMemory memory = new PhysicalMemory();
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final TranslationCompletion completion = new TranslationCompletion();
    private SplittableRandom random = new SplittableRandom(0);
    private GuestProgram guest = new GuestProgram(random, memory);
    private SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.none(), InterruptSink.NONE);
    private int outputBits;
    private long accepted;
    private long granted;
    private long resumed;

    static LongStream seeds() {
        String fixed = System.getProperty("seed");
        return fixed != null ? LongStream.of(Long.parseLong(fixed)) : LongStream.rangeClosed(1, 16);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldEndWhateverAGuestProgramsAndDevicesAskFor(long seed) {
        start(seed);
        guest.fillTables();
        for (int round = 0; round < ROUNDS; round++) {
            guest.rewrite();
            command(4, 31);
            command(guest.oneIn(2) ? 0x30 : 0x28 | (1 + guest.below(GuestProgram.STREAMS)) << 32, 0);
            command(0x46, 0);
            for (int i = 0; i < ACCESSES; i++) {
                act();
            }
        }
        assertThatItGotDeepEnough();
    }

    /** Without these, nothing above says anything. */
    private void assertThatItGotDeepEnough() {
        long commands = 0;
        for (Command command : Command.values()) {
            commands += smmu.statistics().consumed(command);
        }
        assertThat(smmu.statistics().structureReads()).as("structures read").isGreaterThan(5_000);
        assertThat(smmu.unit().walker().walks()).as("walks").isGreaterThan(2_000);
        assertThat(smmu.unit().stageTwo().walker().walks())
                .as("walks of stage 2")
                .isGreaterThan(1_000);
        assertThat(accepted).as("transactions that went on").isGreaterThan(1_000);
        assertThat(smmu.unit().translated()).as("of them translated").isGreaterThan(50);
        assertThat(commands).as("commands").isGreaterThan(2_000);
        assertThat(smmu.statistics().stalls()).as("stalls").isGreaterThan(100);
        assertThat(resumed).as("stalls ended").isGreaterThan(50);
        assertThat(smmu.statistics().translationRequests())
                .as("Translation Requests")
                .isGreaterThan(1_000);
        assertThat(granted).as("Translation Requests that got access").isPositive();
        assertThat(smmu.pageRequestQueue().produced()).as("Page Requests").isGreaterThan(500);
    }

    private void start(long seed) {
        random = new SplittableRandom(seed);
        guest = new GuestProgram(random, memory);
        SmmuFeatures f = SmmuFeatures.full();
        // Machines of 48 bits, of 52 (with DS and VAX), and of fewer.
        long oas = guest.oneIn(2) ? 5 : guest.oneIn(2) ? 6 | 1 << 7 | 1 << 10 : 2 + guest.below(3);
        SmmuFeatures features = new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), f.idr5() & ~7L | oas, 0, 2);
        outputBits = features.outputBits();
        smmu = new SmmuV3(memory, features, caches(), InterruptSink.NONE);
        smmu.connect(new Devices());
        memory.mark(GuestProgram.REGION + 0x4000, 0x1000, guest.oneIn(2) ? RangeState.POISONED : RangeState.PRESENT);
        write(0x2C, 4, 0xA);
        write(0x80, 8, GuestProgram.STREAM_TABLE);
        write(0x88, 4, 3);
        write(0x90, 8, COMMANDS | 6);
        write(0xA0, 8, EVENTS | 5);
        write(0xC0, 8, PAGE_REQUESTS | 5);
        write(0x20, 4, 0x1F);
    }

    /** None, small ones of any policy, or the usual ones. */
    private CacheConfiguration caches() {
        ReplacementPolicy[] policies = ReplacementPolicy.online().toArray(ReplacementPolicy[]::new);
        CacheGeometry g = new CacheGeometry(
                1 + random.nextInt(8), 1 + random.nextInt(8), policies[random.nextInt(policies.length)], 1);
        return switch (random.nextInt(4)) {
            case 0 -> CacheConfiguration.none();
            case 1 -> CacheConfiguration.standard();
            default -> CacheConfiguration.uniform(g).withContiguousHonoured(random.nextBoolean());
        };
    }

    private void act() {
        switch (random.nextInt(20)) {
            case 0 -> command(anyCommand(), random.nextLong());
            case 1 -> command(0x44 | guest.below(4) << 12 | stream() << 32, guest.below(4));
            case 2 -> requestTranslation();
            case 3 -> {
                smmu.forwardTranslated(set(guest.address()), verdict);
                check();
            }
            case 4 -> requestPage();
            case 5 -> askForSoftware();
            case 6 -> readQueues();
            default -> {
                smmu.translate(set(guest.address()), verdict);
                check();
            }
        }
    }

    private Transaction set(long address) {
        int substream = guest.oneIn(4) ? random.nextInt(6) : Transaction.NO_SUBSTREAM;
        return transaction.set((int) stream(), substream, address, random.nextInt(16));
    }

    private long stream() {
        return guest.oneIn(30) ? random.nextInt() & 0xFFFF_FFFFL : guest.below(GuestProgram.STREAMS);
    }

    private void check() {
        if (verdict.isOk()) {
            accepted++;
            assertThat(verdict.rule()).isNull();
            assertThat(verdict.address() >>> outputBits).as("beyond OAS").isZero();
        } else {
            assertThat(verdict.rule()).as("why it was refused").isNotNull();
        }
    }

    private void requestTranslation() {
        smmu.requestTranslation(set(guest.address()), completion);
        if (completion.isReadable() || completion.isWritable()) {
            granted++;
            assertThat(completion.status()).isEqualTo(TranslationCompletion.Status.SUCCESS);
            assertThat(completion.address() >>> outputBits).as("beyond OAS").isZero();
        } else {
            assertThat(completion.rule()).as("why nothing is allowed").isNotNull();
        }
    }

    private void requestPage() {
        smmu.requestPage(new PageRequest(
                (int) stream(),
                guest.oneIn(2) ? random.nextInt(6) : Transaction.NO_SUBSTREAM,
                guest.address() & -0x1000L,
                random.nextBoolean(),
                random.nextBoolean(),
                false,
                false,
                random.nextBoolean(),
                random.nextInt(512)));
    }

    /** GATOS: done when RUN reads 0 again. */
    private void askForSoftware() {
        write(0x108, 8, stream() | (guest.oneIn(4) ? 1L << 52 | guest.below(6) << 32 : 0));
        write(0x110, 8, guest.address() & -0x1000L | guest.below(0x1000));
        write(0x100, 4, 1);
        assertThat(smmu.readRegister(0x100, 4)).isZero();
    }

    private void readQueues() {
        write(0x100AC, 4, smmu.readRegister(0x100A8, 4));
        write(0x100CC, 4, smmu.readRegister(0x100C8, 4));
    }

    private long anyCommand() {
        return OPCODES[random.nextInt(OPCODES.length)] | random.nextLong() << (guest.oneIn(2) ? 32 : 12);
    }

    /** Puts a command into the queue; one that stops it is replaced by a SYNC, as drivers do, and acknowledged. */
    private void command(long word0, long word1) {
        int producer = (int) smmu.readRegister(0x98, 4);
        putCommand(producer, word0, word1);
        write(0x98, 4, producer + 1 & (COMMAND_MASK << 1 | 1));
        // A second time, if the SYNC in its place fails for an earlier ATC_INV that timed out.
        for (int i = 0; i < 2 && ((smmu.readRegister(0x60, 4) ^ smmu.readRegister(0x64, 4)) & 1) != 0; i++) {
            putCommand((int) smmu.readRegister(0x9C, 4), 0x46, 0);
            write(0x64, 4, smmu.readRegister(0x60, 4));
        }
        assertThat(smmu.commandQueue().isEmpty())
                .as("every command is consumed")
                .isTrue();
    }

    private void putCommand(int index, long word0, long word1) {
        long at = COMMANDS + (index & COMMAND_MASK) * 16L;
        memory.writeLong(at, word0);
        memory.writeLong(at + 8, word1);
    }

    private void write(long offset, int size, long value) {
        smmu.writeRegister(offset, size, value);
    }

    /** Devices that can wait, and answer everything at once. */
    private final class Devices implements DevicePort {
        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            return guest.oneIn(8) ? Invalidation.TIMED_OUT : Invalidation.ENDED;
        }

        @Override
        public void respond(PageResponse response) {}

        @Override
        public boolean canStall(int streamId) {
            return streamId % 4 != 3;
        }

        @Override
        public void resumed(long ticket, Transaction waiting, Verdict end) {
            resumed++;
            assertThat(end.isOk() || end.rule() != null).isTrue();
        }
    }
}
