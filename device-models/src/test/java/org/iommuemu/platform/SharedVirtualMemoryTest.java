// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.PageRequestParameters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A device in a process's address space, against a CPU that changes it at random times (fault cases 103 and 104). What the device may
 * see is known apart from the model: a page's frame is as the CPU left it, and a frame that was freed is full of a word that nobody
 * writes.
 */
class SharedVirtualMemoryTest {
    private static final int DEVICE = 0x100;
    private static final int PASID = 3;
    private static final long PAGE = 0x20_0000;
    private static final long FRAMES = 0x2_0000_0000L;
    private static final int BYTES = 0x1000;
    private static final int GOOD = 0x1111_1111;
    private static final int FREED = 0xDEAD_BEEF;

    private Platform machine;
    private IommuDriver driver;
    private DmaChannel dma;
    private RandomStream random;
    private final ArrayDeque<Long> free = new ArrayDeque<>();
    private long frame = -1;
    private boolean writable;
    private boolean answered;
    private int requests;

    private void begin(String architecture, long seed) {
        random = new RandomStream(seed);
        PlatformParameters p = PlatformParameters.standard();
        machine = architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p);
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.bind(DEVICE, PASID);
        driver.enableAts(DEVICE);
        driver.enablePageRequests(DEVICE);
        PciFunction function = machine.addFunction(DEVICE);
        function.enablePasid(false, false).enableAts(0).enablePri(8).enableBusMaster();
        dma = new DmaChannel(
                function, AtcParameters.standard().withPages(new PageRequestParameters(1, 100, 0, 1_000_000_000_000L)));
        for (int i = 0; i < 16; i++) {
            free.add(FRAMES + (long) i * BYTES);
            fill(FRAMES + (long) i * BYTES, FREED);
        }
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void fill(long at, int word) {
        for (int i = 0; i < BYTES; i += Integer.BYTES) {
            machine.memory().writeInt(at + i, word);
        }
    }

    private void assertFilled(long at, int word) {
        for (int i = 0; i < BYTES; i += Integer.BYTES) {
            assertThat(machine.memory().readInt(at + i)).isEqualTo(word);
        }
    }

    private long take() {
        long taken = free.removeFirst();
        assertFilled(taken, FREED); // nobody has written to it since it was freed
        return taken;
    }

    private void map(long to, boolean write) {
        int permissions = IommuDriver.READ | (write ? IommuDriver.WRITE : 0);
        driver.map(DEVICE, PASID, PAGE, to, BYTES, 12, permissions);
        frame = to;
        writable = write;
    }

    /** The page is gone for the device once this returns. */
    private long unmap() {
        long was = frame;
        frame = -1;
        driver.unmap(DEVICE, PASID, PAGE, BYTES, 12);
        return was;
    }

    private void release(long at) {
        fill(at, FREED);
        free.addLast(at);
    }

    private void run(boolean[] done) {
        assertThat(machine.await(() -> done[0], machine.loop().now() + 1_000_000_000_000L))
                .isTrue();
    }

    @ParameterizedTest(name = "{0}, seed {1}")
    @CsvSource({"smmuv3, 1", "smmuv3, 2", "vtd, 1", "vtd, 2"})
    void shouldNeverUseAPageThatTheCpuTookBackBeforeTheRetry(String architecture, long seed) {
        begin(architecture, seed);
        driver.onPageRequest(
                group -> {
                    requests++;
                    if (frame < 0) {
                        long taken = take();
                        fill(taken, GOOD);
                        map(taken, true);
                    }
                    answered = true;
                    return PageResponse.Code.SUCCESS;
                },
                0);
        int betweenResponseAndRetry = 0;

        for (int i = 0; i < 5_000; i++) {
            answered = false;
            boolean[] done = {false};
            boolean[] between = {false};
            boolean writes = random.nextBelow(2) == 0;
            byte[] data = word(writes ? i : 0);
            DmaChannel.Done end = (status, moved) -> {
                assertThat(status).isEqualTo(DmaChannel.Status.OK);
                done[0] = true;
            };
            if (writes) {
                dma.write(PAGE + 64, data, PASID, Access.WRITE, end);
            } else {
                dma.read(PAGE + 128, data, PASID, Access.READ, end);
            }
            boolean[] taken = {false};
            machine.loop()
                    .schedule(
                            machine.loop().now() + random.nextBelow(6_000_000),
                            (time, nothing) -> {
                                between[0] = answered && !done[0];
                                if (frame >= 0) {
                                    release(unmap());
                                }
                                taken[0] = true;
                            },
                            0);
            run(done);
            assertThat(machine.await(() -> taken[0], Long.MAX_VALUE)).isTrue();
            betweenResponseAndRetry += between[0] ? 1 : 0;

            assertThat(writes || word(data) == GOOD)
                    .as("seed %d, interleaving %d read 0x%x", seed, i, word(data))
                    .isTrue();
        }
        assertThat(machine.await(() -> false, machine.loop().now() + 100_000_000))
                .isFalse();

        free.forEach(at -> assertFilled(at, FREED));
        assertThat(requests).isGreaterThan(1_000);
        assertThat(betweenResponseAndRetry).isGreaterThan(300);
    }

    private static byte[] word(int value) {
        return new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)};
    }

    private static int word(byte[] b) {
        return b[0] & 0xFF | (b[1] & 0xFF) << 8 | (b[2] & 0xFF) << 16 | (b[3] & 0xFF) << 24;
    }

    @ParameterizedTest(name = "{0}, seed {1}")
    @CsvSource({"smmuv3, 1", "smmuv3, 2", "vtd, 1", "vtd, 2"})
    void shouldKeepWhatAForkSharedAndLoseNoWriteOfTheDevice(String architecture, long seed) {
        begin(architecture, seed);
        Map<Long, Integer> children = new LinkedHashMap<>();
        driver.onPageRequest(this::copyOnWrite, 0);
        map(take(), true);
        fill(frame, 0);
        int value = 0;

        for (int i = 0; i < 1_000; i++) {
            boolean[] forked = {random.nextBelow(3) != 0};
            if (!forked[0]) {
                machine.loop()
                        .schedule(
                                machine.loop().now() + random.nextBelow(8_000_000),
                                (time, nothing) -> {
                                    fork(children);
                                    forked[0] = true;
                                },
                                0);
            }
            int wrote = ++value;
            boolean[] done = {false};
            dma.write(PAGE, word(wrote), PASID, Access.WRITE, (status, moved) -> {
                assertThat(status).isEqualTo(DmaChannel.Status.OK);
                done[0] = true;
            });
            run(done);
            byte[] back = new byte[4];
            boolean[] read = {false};
            dma.read(PAGE, back, PASID, Access.READ, (status, moved) -> read[0] = status == DmaChannel.Status.OK);
            run(read);
            assertThat(machine.await(() -> forked[0], Long.MAX_VALUE)).isTrue();

            assertThat(word(back)).as("seed %d, step %d", seed, i).isEqualTo(wrote);
            if (children.size() > 8) {
                endOldest(children);
            }
        }

        children.forEach((at, held) -> assertFirst(at, held));
        assertThat(requests).isGreaterThan(100);
    }

    /** The page becomes read-only; from now on a child has it as it is. */
    private void fork(Map<Long, Integer> children) {
        if (frame < 0 || !writable) {
            return; // it is being copied, or is shared already
        }
        long shared = unmap();
        children.put(shared, machine.memory().readInt(shared));
        map(shared, false);
    }

    private PageResponse.Code copyOnWrite(List<PageRequest> group) {
        requests++;
        boolean copies = frame >= 0 && !writable && group.get(0).write();
        if (copies) {
            long shared = unmap();
            long copy = take();
            byte[] content = new byte[BYTES];
            machine.memory().read(shared, content, 0, BYTES);
            machine.memory().write(copy, content, 0, BYTES);
            map(copy, true);
        }
        return PageResponse.Code.SUCCESS;
    }

    private void endOldest(Map<Long, Integer> children) {
        long at = children.keySet().iterator().next();
        if (at != frame) {
            assertFirst(at, children.remove(at));
            release(at);
        }
    }

    private void assertFirst(long at, int held) {
        assertThat(machine.memory().readInt(at)).as("frame 0x%x of a child", at).isEqualTo(held);
    }
}
