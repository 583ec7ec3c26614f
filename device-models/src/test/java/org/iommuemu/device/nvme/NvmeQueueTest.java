// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Queues, events, interrupts, resets and times of a drive. */
class NvmeQueueTest {
    private static final long FREE = NvmeHost.FREE;

    private static NvmeHost host(NvmeParameters parameters, BlockStore store) {
        return new NvmeHost(Platform.smmuv3(PlatformParameters.standard()), parameters, new Namespace(store, 9));
    }

    private static NvmeHost host() {
        return host(NvmeParameters.standard(), new SparseBlocks(1 << 20));
    }

    /** Of no latency but the medium's, which does one page of 4 KiB at a time in 50 us. */
    private static NvmeParameters slow(int parallelism) {
        return new NvmeParameters(4, 64, 5, 0, 0, 7, 64, 4, 16, 0, 50_000_000, 20_000_000, 4096, parallelism, null);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, false", "smmuv3, true", "vtd, false", "vtd, true"})
    void shouldMoveBlocksOnEitherArchitecture(String architecture, boolean ats) {
        PlatformParameters p = PlatformParameters.standard();
        NvmeHost made = new NvmeHost(
                architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p),
                NvmeParameters.standard(),
                new Namespace(new SparseBlocks(1 << 20), 9));
        try (NvmeHost host =
                (ats ? made.withAts() : made).enable().createQueues(1, 64).createQueues(2, 8)) {
            List<Integer> vectors = new ArrayList<>();
            host.settle();
            host.machine.onInterrupt((requester, address, data) -> vectors.add(data));
            byte[] data = NvmeControllerTest.pattern(8192, 3);
            host.write(FREE, data);

            int written = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.WRITE, 1, 100, 16, FREE, FREE + 0x1000)));
            int read = NvmeHost.status(
                    host.run(2, NvmeHost.blocks(Opcode.READ, 1, 100, 16, FREE + 0x8000, FREE + 0x9000)));
            host.settle();

            assertThat(written).isZero();
            assertThat(read).isZero();
            assertThat(host.read(FREE + 0x8000, 8192)).isEqualTo(data);
            assertThat(vectors).containsExactly(1, 2);
        }
    }

    @Test
    void shouldHoldCompletionsBackWhileTheirQueueIsFull() {
        try (NvmeHost host = host().enable().createQueues(1, 4)) {
            List<Integer> ids = new ArrayList<>();
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 3; i++) {
                    host.put(1, NvmeHost.blocks(Opcode.READ, round * 3 + i, i, 1, FREE, 0));
                }
                host.ring(1);
                host.settle(); // the host takes nothing: 3 entries fit, and no entry may be overwritten
            }

            for (int i = 0; i < 9; i++) {
                ids.add(CompletionEntry.CID.getInt(host.take(1)));
            }

            assertThat(ids).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8);
            assertThat(host.peek(1)).isEmpty();
        }
    }

    @Test
    void shouldTellOfBadDoorbellsOnceUntilTheLogIsRead() {
        try (NvmeHost host = host().enable().createQueues(1, 8)) {
            host.put(0, NvmeHost.command(Opcode.ASYNC_EVENT_REQUEST, 0x10, 0, 0, 0));
            host.put(0, NvmeHost.command(Opcode.ASYNC_EVENT_REQUEST, 0x11, 0, 0, 0));
            host.ring(0);
            host.settle();
            boolean waits = host.peek(0).length == 0;

            host.doorbell(2, 8); // tail beyond the queue
            long[] value = host.take(0);
            host.doorbell(2 * 5, 1); // no such queue
            host.settle();
            boolean masked = host.peek(0).length == 0;
            long[] log = NvmeHost.command(Opcode.GET_LOG_PAGE, 3, 0, FREE, 0);
            SubmissionEntry.LID.set(log, 1);
            SubmissionEntry.NUMDL.set(log, 15);
            long[] read = host.run(0, log);
            long[] register = host.take(0);

            assertThat(waits).isTrue();
            assertThat(CompletionEntry.DW0.get(value)).isEqualTo(0x01_01_00);
            assertThat(masked).isTrue();
            assertThat(NvmeHost.status(read)).isZero();
            // Neither queue nor command: the error is not specific to a command.
            assertThat(host.read(FREE + 8, 4)).containsOnly(0xFF);
            assertThat(CompletionEntry.DW0.get(register)).isEqualTo(0x01_00_00);
            assertThat(CompletionEntry.CID.getInt(register)).isEqualTo(0x11);
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 0", "3, 1", "2, 5"})
    void shouldCallWhatCannotBeMeantABadDoorbell(int index, int value) {
        try (NvmeHost host = host().enable().createQueues(1, 8)) {
            if (index == 2) { // 4 of 7 are in the queue: 5 more cannot be
                for (int i = 0; i < 4; i++) {
                    host.put(1, NvmeHost.blocks(Opcode.READ, i, 0, 1, FREE, 0));
                }
                host.ring(1);
                value = 4; // the same again
            }
            host.put(0, NvmeHost.command(Opcode.ASYNC_EVENT_REQUEST, 0x10, 0, 0, 0));
            host.ring(0);

            host.doorbell(index, value);

            assertThat(CompletionEntry.DW0.get(host.take(0))).isEqualTo(0x01_01_00);
        }
    }

    @Test
    void shouldLimitEventRequests() {
        try (NvmeHost host = host().enable()) {
            for (int i = 0; i < 5; i++) {
                host.put(0, NvmeHost.command(Opcode.ASYNC_EVENT_REQUEST, i, 0, 0, 0));
            }
            host.ring(0);

            assertThat(NvmeHost.status(host.take(0))).isEqualTo(0x105);
            host.settle();
            assertThat(host.peek(0)).isEmpty();
        }
    }

    @Test
    void shouldAbortWhatWaitsForTheMedium() {
        try (NvmeHost host = host(slow(1), new SparseBlocks(1 << 20)).enable().createQueues(1, 8)) {
            host.put(1, NvmeHost.blocks(Opcode.READ, 0x21, 0, 1, FREE, 0));
            host.ring(1);
            host.machine.loop().runUntil(host.machine.loop().now() + 20 * Picoseconds.PER_MICROSECOND);
            long[] abort = NvmeHost.command(Opcode.ABORT, 1, 0, 0, 0);
            SubmissionEntry.CDW10.set(abort, 0x21_0001);

            long[] ended = host.run(0, abort);
            long[] again = host.run(0, abort);

            assertThat(CompletionEntry.DW0.get(ended)).isZero();
            assertThat(NvmeHost.status(host.take(1))).isEqualTo(0x007);
            assertThat(CompletionEntry.DW0.get(again)).isEqualTo(1);
        }
    }

    @Test
    void shouldAbortCommandsOfADeletedQueue() {
        try (NvmeHost host = host(slow(1), new SparseBlocks(1 << 20)).enable().createQueues(1, 8)) {
            for (int i = 0; i < 3; i++) {
                host.put(1, NvmeHost.blocks(Opcode.READ, i, 0, 1, FREE, 0));
            }
            host.ring(1);
            host.machine.loop().runUntil(host.machine.loop().now() + 20 * Picoseconds.PER_MICROSECOND);
            long[] delete = NvmeHost.command(Opcode.DELETE_SQ, 1, 0, 0, 0);
            SubmissionEntry.QID.set(delete, 1);

            int ended = NvmeHost.status(host.run(0, delete));

            assertThat(ended).isZero();
            for (int i = 0; i < 3; i++) {
                assertThat(NvmeHost.status(host.take(1))).isEqualTo(0x008);
            }
            delete[0] = delete[0] & ~0xFFL | Opcode.DELETE_CQ;
            assertThat(NvmeHost.status(host.run(0, delete))).isZero();
        }
    }

    @Test
    void shouldTakeTheMediumsTimes() {
        long one = timeOfReads(1, 1);
        long oneOfFour = timeOfReads(4, 4);
        long four = timeOfReads(1, 4);

        assertThat(one).isBetween(50_000_000L, 55_000_000L);
        assertThat(oneOfFour).isBetween(50_000_000L, 56_000_000L);
        assertThat(four).isBetween(200_000_000L, 205_000_000L);
    }

    private static long timeOfReads(int parallelism, int pages) {
        try (NvmeHost host =
                host(slow(parallelism), new SparseBlocks(1 << 20)).enable().createQueues(1, 8)) {
            host.settle();
            long start = host.machine.loop().now();
            for (int i = 0; i < pages; i++) {
                host.put(1, NvmeHost.blocks(Opcode.READ, i, 8L * i, 8, FREE + 0x1000L * i, 0));
            }
            host.ring(1);
            for (int i = 0; i < pages; i++) {
                host.take(1);
            }
            return host.machine.loop().now() - start;
        }
    }

    @Test
    void shouldTakeTurnsBetweenQueues() {
        NvmeParameters two = new NvmeParameters(4, 64, 5, 0, 0, 7, 2, 4, 16, 0, 50_000_000, 20_000_000, 4096, 1, null);
        try (NvmeHost host = host(two, new SparseBlocks(1 << 20))
                .enable()
                .createQueues(1, 32)
                .createQueues(2, 32)) {
            long[] burstOfOne = NvmeHost.command(Opcode.SET_FEATURES, 1, 0, 0, 0);
            SubmissionEntry.FID.set(burstOfOne, 1);
            host.run(0, burstOfOne);
            for (int q = 1; q <= 2; q++) {
                for (int i = 0; i < 8; i++) {
                    host.put(q, NvmeHost.blocks(Opcode.READ, i, 8L * i, 8, FREE + 0x1000L * i, 0));
                }
            }
            host.ring(1);
            host.ring(2);

            host.machine.loop().runUntil(host.machine.loop().now() + 8 * 51_000_000L);

            // 2 at once, one behind the other: of the 7 or 8 that have ended, each queue has its half.
            assertThat(count(host, 1)).isBetween(3, 4);
            assertThat(count(host, 2)).isBetween(3, 4);
        }
    }

    private static int count(NvmeHost host, int queue) {
        int count = 0;
        while (host.peek(queue).length != 0) {
            host.take(queue);
            count++;
        }
        return count;
    }

    @Test
    void shouldMaskVectors() {
        try (NvmeHost host = host().enable().createQueues(1, 8)) {
            List<Integer> vectors = new ArrayList<>();
            host.settle();
            host.machine.onInterrupt((requester, address, data) -> vectors.add(data));

            host.register(ControllerRegisters.INTMS, 0b10);
            host.put(1, NvmeHost.blocks(Opcode.READ, 1, 0, 1, FREE, 0));
            host.ring(1);
            host.settle();
            List<Integer> masked = List.copyOf(vectors);
            host.register(ControllerRegisters.INTMC, 0b10);
            host.settle();

            assertThat(masked).isEmpty();
            assertThat(vectors).containsExactly(1);
            assertThat(host.register(ControllerRegisters.INTMS)).isZero();
        }
    }

    @Test
    void shouldNotBeReadyLessUntilNoTransferIsUnderWay() {
        try (NvmeHost host = host().enable().createQueues(1, 8)) {
            host.write(FREE, NvmeControllerTest.pattern(4096, 1));
            host.put(1, NvmeHost.blocks(Opcode.WRITE, 1, 0, 8, FREE, 0));
            host.ring(1); // its fetch is under way

            host.register(ControllerRegisters.CC, 0);
            boolean atOnce = ControllerRegisters.RDY.isSet(host.status());
            host.settle();

            assertThat(atOnce).isTrue();
            assertThat(host.status()).isZero();
            assertThat(host.peek(1)).isEmpty();
        }
    }

    @Test
    void shouldShutDownAndComeBack() {
        try (NvmeHost host = host().enable().createQueues(1, 8)) {
            host.write(FREE, NvmeControllerTest.pattern(512, 1));
            host.run(1, NvmeHost.blocks(Opcode.WRITE, 1, 7, 1, FREE, 0));

            host.register(
                    ControllerRegisters.CC, ControllerRegisters.SHN.set(host.register(ControllerRegisters.CC), 1));
            long during = ControllerRegisters.SHST.get(host.status());
            host.settle();
            long after = ControllerRegisters.SHST.get(host.status());
            host.register(ControllerRegisters.CC, 0);
            host.settle();
            host.enable().createQueues(1, 8);
            int read = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.READ, 1, 7, 1, FREE + 0x1000, 0)));

            assertThat(during).isEqualTo(1);
            assertThat(after).isEqualTo(2);
            assertThat(read).isZero();
            assertThat(host.read(FREE + 0x1000, 512)).isEqualTo(NvmeControllerTest.pattern(512, 1));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "00460001, 0, 0",
        "00460011, 001f001f, 40000000",
        "00460881, 001f001f, 40000000",
        "00460081, 001f001f, 40001000"
    })
    void shouldNotComeUpWithABadConfiguration(String cc, String aqa, String asq) {
        try (NvmeHost host = host()) {
            host.register(ControllerRegisters.AQA, Long.parseLong(aqa, 16));
            host.register(ControllerRegisters.ASQ, Long.parseLong(asq, 16));
            host.register(ControllerRegisters.ACQ, 0x4001_0000L);

            host.register(ControllerRegisters.CC, Long.parseLong(cc, 16));
            host.settle();

            assertThat(host.status()).isEqualTo(ControllerRegisters.CFS.mask());
        }
    }

    @Test
    void shouldStopWithFatalStatusWhenCompletionsCannotBeWritten() {
        try (NvmeHost host = host().withAts().enable()) {
            host.driver.unmap(NvmeHost.DEVICE, -1, host.rings[0].completion(), 0x1000, 12);

            host.put(0, NvmeHost.command(0x7f, 0, 0, 0, 0));
            host.ring(0);
            host.settle();

            assertThat(host.status()).isEqualTo(ControllerRegisters.CFS.mask() | ControllerRegisters.RDY.mask());
        }
    }

    @Test
    void shouldForgetAllWhenTheFunctionIsReset() {
        try (NvmeHost host = host().enable().createQueues(1, 8)) {
            host.put(1, NvmeHost.blocks(Opcode.READ, 1, 0, 8, FREE, 0));
            host.ring(1);

            host.function.reset();
            host.settle();

            assertThat(host.status()).isZero();
            assertThat(host.register(ControllerRegisters.AQA)).isZero();
            assertThat(host.peek(1)).isEmpty();
        }
    }

    @Test
    void shouldKeepBlocksInAFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("disk");
        Files.write(file, new byte[512 * 64]);
        byte[] data = NvmeControllerTest.pattern(1024, 4);
        try (FileBlocks store = FileBlocks.open(file);
                NvmeHost host = host(NvmeParameters.standard(), store).enable().createQueues(1, 8)) {
            host.write(FREE, data);

            host.run(1, NvmeHost.blocks(Opcode.WRITE, 1, 5, 2, FREE, 0));
            host.run(1, NvmeHost.command(Opcode.FLUSH, 1, 1, 0, 0));
            byte[] inFile = Files.readAllBytes(file);
            Files.write(file, new byte[512]);
            int read = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.READ, 1, 5, 2, FREE, 0)));

            assertThat(inFile).hasSize(512 * 64).containsSequence(data);
            assertThat(read).isEqualTo(0x281);
        }
    }

    @Test
    void shouldEndInWriteFaultWhereTheMediumFails() {
        BlockStore broken = new BlockStore() {
            @Override
            public long bytes() {
                return 4096;
            }

            @Override
            public void read(long at, byte[] into) throws IOException {
                throw new IOException("worn out");
            }

            @Override
            public void write(long at, byte[] from) throws IOException {
                throw new IOException("worn out");
            }

            @Override
            public void zero(long at, long count) throws IOException {
                throw new IOException("worn out");
            }

            @Override
            public void flush() throws IOException {
                throw new IOException("worn out");
            }
        };
        try (NvmeHost host = host(NvmeParameters.standard(), broken).enable().createQueues(1, 8)) {
            List<Integer> statuses = new ArrayList<>();
            for (int opcode :
                    new int[] {Opcode.READ, Opcode.COMPARE, Opcode.WRITE, Opcode.WRITE_ZEROES, Opcode.FLUSH}) {
                statuses.add(NvmeHost.status(host.run(1, NvmeHost.blocks(opcode, 1, 0, 1, FREE, 0))));
            }

            assertThat(statuses).containsExactly(0x281, 0x281, 0x280, 0x280, 0x280);
        }
    }

    @Test
    void shouldSayWhichFileCannotBeUsed(@TempDir Path folder) throws IOException {
        Path odd = Files.write(folder.resolve("odd"), new byte[700]);

        assertThatThrownBy(() -> FileBlocks.open(odd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(odd + ": has 700 bytes, expected a multiple of 512, and more than none");
        assertThatThrownBy(() -> FileBlocks.open(folder.resolve("none")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none: no such file, expected");
    }

    @Test
    void shouldWriteNothingIntoACompletionQueueBehindItsDeletion() {
        try (NvmeHost host = host().withAts().enable().createQueues(1, 8)) {
            host.driver.enablePageRequests(NvmeHost.DEVICE);
            host.function.enablePri(8);
            long queue = host.rings[1].completion();
            host.driver.unmap(NvmeHost.DEVICE, IommuDriver.NO_PASID, queue, 0x1000, 12);
            host.driver.onPageRequest(
                    group -> {
                        host.map(queue, NvmeHost.physical(queue), 0x1000, IommuDriver.READ | IommuDriver.WRITE);
                        return PageResponse.Code.SUCCESS;
                    },
                    1_000_000_000);
            for (int id = 0; id < 4; id++) {
                host.put(1, NvmeHost.command(Opcode.FLUSH, id, 1, 0, 0));
            }
            host.ring(1);
            host.machine.loop().runUntil(host.machine.loop().now() + 100_000_000);
            for (int opcode : new int[] {Opcode.DELETE_SQ, Opcode.DELETE_CQ}) {
                long[] deletion = NvmeHost.command(opcode, opcode, 0, 0, 0);
                SubmissionEntry.QID.set(deletion, 1);
                host.put(0, deletion);
            }
            host.ring(0);

            int first = NvmeHost.status(host.take(0));
            int second = NvmeHost.status(host.take(0));
            host.settle();

            assertThat(first).isZero();
            assertThat(second).isZero();
            assertThat(host.read(queue, 16)).as("was on its way").contains(1);
            assertThat(host.read(queue + 16, 3 * 16)).containsOnly(0);
        }
    }

    @Test
    void shouldNotBeginWhatWasFetchedWithACommandThatCouldNotBeAnswered() {
        SparseBlocks store = new SparseBlocks(1 << 20);
        store.write(0, NvmeControllerTest.pattern(512, 1));
        try (NvmeHost host = host(NvmeParameters.standard(), store).enable().createQueues(1, 8)) {
            host.put(1, NvmeHost.command(0x7F, 1, 1, 0, 0)); // no such opcode
            host.put(1, NvmeHost.blocks(Opcode.WRITE_ZEROES, 2, 0, 1, 0, 0));
            host.ring(1);

            host.function.disableBusMaster();
            host.settle();

            byte[] there = new byte[512];
            store.read(0, there);
            assertThat(host.status() & 2).as("CFS").isEqualTo(2);
            assertThat(there).isEqualTo(NvmeControllerTest.pattern(512, 1));
        }
    }
}
