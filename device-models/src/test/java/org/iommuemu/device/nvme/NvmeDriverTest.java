// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.StageLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.MessageInterrupts;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocks written and read by a driver that maps each buffer for its request, compared byte by byte. */
class NvmeDriverTest {
    private static final int DEVICE = 0x100;
    private static final long IOVA = 0x4000_0000L;
    private static final long PHYSICAL = 1L << 32;
    private static final long BUFFERS = 1 << 24;
    private static final long STRIDE = 1 << 19;
    private static final int BLOCK_SHIFT = 12;
    private static final long VTD_MESSAGES = 0xFEE0_0000L;

    private final List<int[]> ended = new ArrayList<>();
    private Platform machine = Platform.smmuv3(PlatformParameters.standard());
    private IommuDriver iommu = machine.startDriver(StageLayout.STAGE_1);
    private int mapped;

    /** Maps what the driver asks for, readable or writable as the request needs. */
    private final class Strict implements NvmeDriver.Buffers {
        @Override
        public long map(int slot, int bytes, boolean write) {
            mapped++;
            iommu.map(
                    DEVICE,
                    IommuDriver.NO_PASID,
                    IOVA + BUFFERS + slot * STRIDE,
                    buffer(slot),
                    bytes,
                    12,
                    write ? IommuDriver.READ : IommuDriver.WRITE);
            return IOVA + BUFFERS + slot * STRIDE;
        }

        @Override
        public void unmap(int slot, long iova, int bytes) {
            mapped--;
            iommu.unmap(DEVICE, IommuDriver.NO_PASID, iova, bytes, 12);
        }
    }

    private static long buffer(int slot) {
        return PHYSICAL + BUFFERS + slot * STRIDE;
    }

    private NvmeDriver start(boolean vtd, boolean ats, NvmeDriver.Setup setup) {
        if (vtd) {
            machine.close();
            machine = Platform.vtd(PlatformParameters.standard());
            iommu = machine.startDriver(StageLayout.STAGE_1);
        }
        PciFunction function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        iommu.map(
                DEVICE,
                IommuDriver.NO_PASID,
                IOVA,
                PHYSICAL,
                setup.regionBytes(),
                12,
                IommuDriver.READ | IommuDriver.WRITE);
        if (ats) {
            iommu.enableAts(DEVICE);
            function.enableAts(0);
        }
        NvmeController drive = new NvmeController(
                machine.loop(),
                function,
                new DmaChannel(function),
                NvmeParameters.unlimited(),
                List.of(new Namespace(new SparseBlocks(1 << 24), BLOCK_SHIFT)));
        long doorbell = vtd ? VTD_MESSAGES : iommu.mapDoorbell(DEVICE, MessageInterrupts.DOORBELL);
        for (int q = 0; q <= setup.queues(); q++) {
            function.vector(q, doorbell, q);
        }
        NvmeDriver driver = new NvmeDriver(
                drive,
                machine.memory(),
                setup,
                new Strict(),
                patience(),
                (queue, slot, status) -> ended.add(new int[] {queue, slot, status}));
        machine.onInterrupt((requester, address, data) -> driver.interrupt());
        driver.start();
        return driver;
    }

    private Patience patience() {
        return new Patience() {
            @Override
            public boolean await(BooleanSupplier done, long picoseconds) {
                return machine.await(done, machine.loop().now() + picoseconds);
            }

            @Override
            public void later(long picoseconds, Runnable work) {
                machine.loop().schedule(machine.loop().now() + picoseconds, (time, data) -> work.run(), 0);
            }
        };
    }

    private static NvmeDriver.Setup setup(int queues, int depth) {
        return new NvmeDriver.Setup(queues, depth, 1 << 19, BLOCK_SHIFT, IOVA, PHYSICAL);
    }

    private void await(int count) {
        assertThat(machine.await(() -> ended.size() >= count, machine.loop().now() + Picoseconds.PER_SECOND))
                .isTrue();
        assertThat(ended).allSatisfy(e -> assertThat(e[2]).isZero());
        assertThat(mapped).isZero();
    }

    @AfterEach
    void close() {
        machine.close();
    }

    @ParameterizedTest
    @CsvSource({
        "false, false, 4096",
        "true, false, 8192",
        "false, true, 12288",
        "true, true, 131072",
        "true, true, 524288"
    })
    void shouldReadWhatItWrote(boolean vtd, boolean ats, int bytes) {
        NvmeDriver driver = start(vtd, ats, setup(2, 4));
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        for (int slot = 0; slot < 8; slot++) {
            machine.memory().write(buffer(slot), data, 0, bytes);
        }

        driver.submit(1, true, 77, bytes);
        await(1);
        for (int slot = 0; slot < 8; slot++) {
            machine.memory().write(buffer(slot), new byte[bytes], 0, bytes);
        }
        int slot = driver.submit(2, false, 77, bytes);
        await(2);

        byte[] read = new byte[bytes];
        machine.memory().read(buffer(slot), read, 0, bytes);
        assertThat(read).isEqualTo(data);
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void shouldEndEveryRequestOfFullQueuesWhileItWaitsForInvalidations(boolean vtd, boolean ats) {
        NvmeDriver driver = start(vtd, ats, setup(3, 16));

        for (int round = 1; round <= 5; round++) {
            for (int queue = 1; queue <= 3; queue++) {
                while (driver.submit(queue, queue == 2, 3L * queue, 4096) >= 0) {
                    assertThat(mapped).isLessThanOrEqualTo(48);
                }
            }
            await(48 * round);
        }

        assertThat(ended).hasSize(240);
        assertThat(machine.bridge().refused()).isZero();
    }

    @Test
    void shouldTellOfTheStatusOfARequestThatFails() {
        NvmeDriver driver = start(false, false, setup(1, 1));

        driver.submit(1, false, 1 << 20, 4096);
        machine.loop().run();

        assertThat(ended).hasSize(1);
        assertThat(ended.get(0)[2]).isEqualTo(Status.LBA_OUT_OF_RANGE.code());
    }

    @Test
    void shouldRefuseRequestsWhoseListsDoNotFitAPage() {
        assertThatThrownBy(() -> new NvmeDriver.Setup(1, 1, (1 << 21) + 4096, BLOCK_SHIFT, IOVA, PHYSICAL))
                .hasMessageContaining("expected at least 1 of each, and at most 2097152 bytes");
    }
}
