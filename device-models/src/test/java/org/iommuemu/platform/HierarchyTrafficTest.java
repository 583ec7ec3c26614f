// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.DownstreamPort;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieSwitch;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;

/** Reads and writes of two devices through a switch whose links have few credits: all end, each read sees what was written before. */
class HierarchyTrafficTest {
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final int BYTES = 1 << 16;
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int NO_PASID = Transaction.NO_SUBSTREAM;

    private static PlatformParameters fewCredits() {
        PlatformParameters p = PlatformParameters.standard();
        FlowControl.Pool few = new FlowControl.Pool(2, 32);
        return new PlatformParameters(
                p.caches(),
                p.timing(),
                p.link(),
                new FlowControl(few, few, few, few, 50_000),
                p.propagation(),
                p.completionBytes(),
                p.rootComplex(),
                p.memoryLatency(),
                p.memoryRate(),
                p.tags(),
                p.completionTimeout(),
                p.invalidationTimeout(),
                p.interruptLatency());
    }

    @Test
    void shouldReadWhatWasWrittenBeforeAndReorderOnlyDifferentTags() {
        try (Platform machine = Platform.smmuv3(fewCredits())) {
            DownstreamPort rootPort = machine.addRootPort();
            PcieSwitch fabric = new PcieSwitch(machine.loop(), rootPort.link(), 100_000);
            rootPort.plug(fabric);
            List<PciFunction> functions = List.of(
                    machine.plug(fabric.addPort(machine.newLink())), machine.plug(fabric.addPort(machine.newLink())));
            machine.enumerate();
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            int all = IommuDriver.READ | IommuDriver.WRITE;
            for (int i = 0; i < 2; i++) {
                PciFunction f = functions.get(i).enableBusMaster();
                driver.map(f.id(), IommuDriver.NO_PASID, 0x10_0000, PHYSICAL + (long) i * BYTES, BYTES, 12, all);
            }
            byte[][] expected = new byte[2][BYTES];
            RandomStream random = new RandomStream(7);
            List<Integer> asked = new ArrayList<>();
            List<Integer> answered = new ArrayList<>();

            for (int n = 0; n < 4000; n++) {
                int number = n;
                int who = (int) random.nextBelow(2);
                Requester requester = functions.get(who).requester();
                int at = (int) random.nextBelow(BYTES - 512) & ~3;
                int bytes = Math.min((int) random.nextBelow(128) * 4 + 4, 4096 - (at & 4095));
                long iova = 0x10_0000L + at;
                if (random.nextBelow(2) == 0) {
                    byte[] data = new byte[bytes];
                    for (int i = 0; i < bytes; i += 4) {
                        WORD.set(data, i, n);
                    }
                    System.arraycopy(data, 0, expected[who], at, bytes);
                    requester.write(Tlp.AddressType.UNTRANSLATED, iova, data, NO_PASID, Access.WRITE);
                } else {
                    byte[] then = Arrays.copyOfRange(expected[who], at, at + bytes);
                    asked.add(number);
                    requester.read(
                            Tlp.AddressType.UNTRANSLATED, iova, bytes, NO_PASID, Access.READ, (outcome, data) -> {
                                answered.add(number);
                                assertThat(outcome).isEqualTo(Requester.Outcome.SUCCESS);
                                for (int i = 0; i < then.length; i += 4) {
                                    // A later write may pass the read, but none from before may be missing.
                                    assertThat((int) WORD.get(data, i))
                                            .as("read %d at %d", number, i)
                                            .isGreaterThanOrEqualTo((int) WORD.get(then, i));
                                }
                            });
                }
                if (random.nextBelow(8) == 0) {
                    machine.loop().runUntil(machine.loop().now() + random.nextBelow(2_000_000));
                }
            }
            machine.loop().run();

            assertThat(answered).hasSameElementsAs(asked).isNotEqualTo(asked);
            for (int i = 0; i < 2; i++) {
                byte[] memory = new byte[BYTES];
                machine.memory().read(PHYSICAL + (long) i * BYTES, memory, 0, BYTES);
                assertThat(memory).isEqualTo(expected[i]);
                assertThat(functions.get(i).requester().unexpectedCompletions()).isZero();
                assertThat(functions.get(i).requester().timeouts()).isZero();
            }
        }
    }

    @Test
    void shouldPushWritesAheadOfAReadOfTheSameAddress() {
        try (Platform machine = Platform.smmuv3(fewCredits())) {
            DownstreamPort rootPort = machine.addRootPort();
            PciFunction f = machine.plug(rootPort);
            machine.enumerate();
            f.enableBusMaster();
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            driver.map(
                    f.id(), IommuDriver.NO_PASID, 0x4000, PHYSICAL, 0x1000, 12, IommuDriver.READ | IommuDriver.WRITE);
            List<Byte> seen = new ArrayList<>();
            List<Byte> expected = new ArrayList<>();

            for (int n = 1; n <= 100; n++) {
                byte[] data = new byte[512];
                Arrays.fill(data, (byte) n);
                f.requester().write(Tlp.AddressType.UNTRANSLATED, 0x4000, data, NO_PASID, Access.WRITE);
                expected.add((byte) n);
                f.requester()
                        .read(
                                Tlp.AddressType.UNTRANSLATED,
                                0x41FC,
                                4,
                                NO_PASID,
                                Access.READ,
                                (outcome, read) -> seen.add(read[3]));
                machine.await(() -> f.requester().outstanding() == 0, Long.MAX_VALUE);
            }

            assertThat(seen).isEqualTo(expected);
        }
    }
}
