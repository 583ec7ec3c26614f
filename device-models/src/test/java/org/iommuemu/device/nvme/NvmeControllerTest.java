// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.IdentifyController;
import org.iommuemu.device.nvme.spec.IdentifyNamespace;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.junit.jupiter.api.Test;

/** A drive behind an IOMMU, as a driver uses it. */
class NvmeControllerTest {
    private static final int BLOCKS = 4096;

    private static NvmeHost host() {
        return new NvmeHost(
                Platform.smmuv3(PlatformParameters.standard()),
                NvmeParameters.standard(),
                new Namespace(new SparseBlocks(512L * BLOCKS), 9));
    }

    static byte[] pattern(int bytes, int seed) {
        byte[] data = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            data[i] = (byte) (i * 31 + (i >> 8) + seed);
        }
        return data;
    }

    @Test
    void shouldTellWhatItIs() {
        try (NvmeHost host = host().enable()) {
            long[] controller = NvmeHost.command(Opcode.IDENTIFY, 7, 0, NvmeHost.FREE, 0);
            SubmissionEntry.CNS.set(controller, 1);
            long[] namespace = NvmeHost.command(Opcode.IDENTIFY, 8, 1, NvmeHost.FREE + 0x1000, 0);

            int first = NvmeHost.status(host.run(0, controller));
            int second = NvmeHost.status(host.run(0, namespace));

            assertThat(first).isZero();
            assertThat(second).isZero();
            byte[] c = host.read(NvmeHost.FREE, 4096);
            assertThat(new String(c, IdentifyController.MN, IdentifyController.MN_BYTES, StandardCharsets.US_ASCII))
                    .startsWith("iommu-emulator NVMe ");
            assertThat(c[516]).isEqualTo((byte) 1);
            long[] n = WireWords.words(host.read(NvmeHost.FREE + 0x1000, 4096), 0, IdentifyNamespace.WORDS);
            assertThat(n[0]).isEqualTo(BLOCKS);
            assertThat(IdentifyNamespace.LBADS.get(n)).isEqualTo(9);
        }
    }

    @Test
    void shouldReadBackWhatWasWrittenThroughLists() {
        try (NvmeHost host = host().enable().createQueues(1, 64)) {
            byte[] data = pattern(10 * 4096, 5);
            long from = NvmeHost.FREE + 0x200;
            long to = NvmeHost.FREE + 0x4_0000;
            long list = NvmeHost.FREE + 0x8_0000;
            long[] fromPages = new long[10];
            long[] toPages = new long[9];
            host.write(from, data);
            for (int i = 0; i < fromPages.length; i++) {
                fromPages[i] = NvmeHost.FREE + (i + 1) * 4096L;
            }
            for (int i = 0; i < toPages.length; i++) {
                toPages[i] = to + (9 - i) * 4096L; // scattered: backwards
            }
            host.write(list, WireWords.bytes(fromPages));
            host.write(list + 0x1000, WireWords.bytes(toPages));

            int written = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.WRITE, 3, 17, 80, from, list)));
            int read = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.READ, 4, 17, 80, to, list + 0x1000)));

            assertThat(written).isZero();
            assertThat(read).isZero();
            byte[] back = new byte[data.length];
            System.arraycopy(host.read(to, 4096), 0, back, 0, 4096);
            for (int i = 0; i < toPages.length; i++) {
                System.arraycopy(host.read(toPages[i], 4096), 0, back, (i + 1) * 4096, 4096);
            }
            assertThat(back).isEqualTo(data);
        }
    }

    @Test
    void shouldFollowAChainOfLists() {
        try (NvmeHost host = host().enable().createQueues(1, 64)) {
            byte[] data = pattern(5 * 4096, 9);
            long from = NvmeHost.FREE;
            long list = NvmeHost.FREE + 0x8_0000;
            host.write(from, data);
            host.write(list + 4096 - 16, WireWords.bytes(from + 0x1000, list + 0x3000)); // one entry, and a pointer on
            host.write(list + 0x3000, WireWords.bytes(from + 0x2000, from + 0x3000, from + 0x4000));

            int written = NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.WRITE, 3, 0, 40, from, list + 4096 - 16)));
            int compared =
                    NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.COMPARE, 3, 0, 40, from, list + 4096 - 16)));
            host.write(from + 0x4FFF, new byte[] {1});
            int differs =
                    NvmeHost.status(host.run(1, NvmeHost.blocks(Opcode.COMPARE, 3, 0, 40, from, list + 4096 - 16)));

            assertThat(written).isZero();
            assertThat(compared).isZero();
            assertThat(differs).isEqualTo(0x285);
        }
    }

    @Test
    void shouldInterruptForEveryCompletion() {
        try (NvmeHost host = host().enable().createQueues(1, 64)) {
            List<Integer> vectors = new ArrayList<>();
            host.settle();
            host.machine.onInterrupt((requester, address, data) -> vectors.add(data));

            for (int i = 0; i < 5; i++) {
                host.put(1, NvmeHost.blocks(Opcode.READ, i, i, 1, NvmeHost.FREE, 0));
            }
            host.ring(1);
            host.settle();

            assertThat(vectors).containsExactly(1, 1, 1, 1, 1);
        }
    }

    @Test
    void shouldStopWithFatalStatusWhenCommandsCannotBeFetched() {
        try (NvmeHost host = host().enable()) {
            host.driver.unmap(NvmeHost.DEVICE, -1, host.rings[0].submission(), 0x1000, 12);

            host.put(0, NvmeHost.command(Opcode.IDENTIFY, 0, 1, NvmeHost.FREE, 0));
            host.ring(0);
            host.settle();

            assertThat(ControllerRegisters.CFS.isSet(host.status())).isTrue();
            host.register(ControllerRegisters.CC, 0);
            host.settle();
            assertThat(host.status()).isZero();
        }
    }
}
