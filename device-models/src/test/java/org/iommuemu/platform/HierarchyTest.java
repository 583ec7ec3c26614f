// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.DownstreamPort;
import org.iommuemu.pcie.Ecam;
import org.iommuemu.pcie.PciDevice;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieSwitch;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.spec.AcsCapability;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.pcie.spec.Type1Header;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A tree of ports, a switch and devices: numbers, addresses, routes (PCIe Base Specification §2.2.4, §6.12, §7.5.1). */
class HierarchyTest {
    private static final int NO_PASID = Transaction.NO_SUBSTREAM;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final long RAM_IOVA = 0x4000;

    private final Platform machine = Platform.smmuv3(PlatformParameters.standard());
    private final DownstreamPort rootPort = machine.addRootPort();
    private final DownstreamPort otherRootPort = machine.addRootPort();
    private final PcieSwitch fabric = new PcieSwitch(machine.loop(), rootPort.link(), 120_000);
    private final DownstreamPort left = fabric.addPort(machine.newLink());
    private final DownstreamPort right = fabric.addPort(machine.newLink());
    private final Ram ram = new Ram();
    private PciFunction a = machine.plug(left);
    private PciFunction b = machine.plug(right);
    private final PciFunction c = machine.plug(otherRootPort);
    private List<Integer> ids = List.of();
    private long ramAddress;

    /** Registers that keep what is written, 4 KiB of them. */
    private static final class Ram implements RegisterFrame {
        private final long[] words = new long[512];

        @Override
        public long readRegister(long offset, int size) {
            long value = words[(int) offset >> 3] >>> 8 * (offset & 7);
            return size == 8 ? value : value & (1L << 8 * size) - 1;
        }

        @Override
        public void writeRegister(long offset, int size, long value) {
            int shift = 8 * (int) (offset & 7);
            long mask = (size == 8 ? -1L : (1L << 8 * size) - 1) << shift;
            words[(int) offset >> 3] = words[(int) offset >> 3] & ~mask | value << shift & mask;
        }
    }

    @BeforeEach
    void start() {
        rootPort.plug(fabric);
        b.wideBar(0, 4096, ram);
        c.bar(0, 4096, new Ram());
        ids = machine.enumerate();
        a.enableBusMaster();
        b.enableBusMaster();
        c.enableBusMaster();
        ramAddress = b.config().read(0x10, 4) & 0xFFFF_FFF0L | (long) b.config().read(0x14, 4) << 32;
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private IommuDriver startDriver() {
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        int all = IommuDriver.READ | IommuDriver.WRITE;
        for (PciFunction f : List.of(a, c)) {
            driver.map(f.id(), IommuDriver.NO_PASID, RAM_IOVA, ramAddress, 0x1000, 12, all);
            driver.map(f.id(), IommuDriver.NO_PASID, 0x8000, PHYSICAL, 0x1000, 12, all);
        }
        driver.map(b.id(), IommuDriver.NO_PASID, 0x8000, PHYSICAL, 0x1000, 12, all);
        return driver;
    }

    private Requester.Outcome read(PciFunction f, Tlp.AddressType type, long address, byte[] into) {
        Requester.Outcome[] ended = new Requester.Outcome[1];
        f.requester().read(type, address, into.length, NO_PASID, Access.READ, (outcome, data) -> {
            ended[0] = outcome;
            System.arraycopy(data, 0, into, 0, data.length);
        });
        assertThat(machine.await(() -> ended[0] != null, Long.MAX_VALUE)).isTrue();
        return ended[0];
    }

    private Requester.Outcome read(PciFunction f, Tlp.AddressType type, long address) {
        return read(f, type, address, new byte[8]);
    }

    @Test
    void shouldNumberBusesDepthFirst() {
        assertThat(ids).containsExactly(0x008, 0x100, 0x200, 0x300, 0x208, 0x400, 0x010, 0x500);
        assertThat(List.of(a.id(), b.id(), c.id())).containsExactly(0x300, 0x400, 0x500);
        assertThat(rootPort.config().get(Type1Header.SUBORDINATE_BUS)).isEqualTo(4);
        assertThat(otherRootPort.config().get(Type1Header.SECONDARY_BUS)).isEqualTo(5);
    }

    @Test
    void shouldReadAllOnesWhereNoFunctionIs() {
        Ecam ecam = machine.bridge().ecam();

        assertThat(ecam.readRegister(Ecam.offset(0x301), 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(ecam.readRegister(Ecam.offset(0x308), 2)).isEqualTo(0xFFFF);
        assertThat(ecam.readRegister(Ecam.offset(0x600), 1)).isEqualTo(0xFF);
        assertThat(ecam.readRegister(Ecam.offset(0x018), 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(ecam.readRegister(Ecam.BYTES, 4)).isEqualTo(0xFFFF_FFFFL);
        ecam.writeRegister(Ecam.offset(0x600) + 4, 2, 6);
    }

    @Test
    void shouldTakeItsNumberFromConfigurationWrites() {
        left.config().write(Type1Header.SECONDARY_BUS, 9);
        left.config().write(Type1Header.SUBORDINATE_BUS, 9);
        fabric.config().write(Type1Header.SUBORDINATE_BUS, 9);
        rootPort.config().write(Type1Header.SUBORDINATE_BUS, 9);
        otherRootPort.config().write(Type1Header.SECONDARY_BUS, 10);
        otherRootPort.config().write(Type1Header.SUBORDINATE_BUS, 10);
        assertThat(machine.bridge().ecam().readRegister(Ecam.offset(0x900), 2)).isZero();
        assertThat(a.id()).as("a read tells it nothing").isEqualTo(0x300);

        machine.bridge().ecam().writeRegister(Ecam.offset(0x900) + 0x3C, 1, 7);

        assertThat(a.id()).isEqualTo(0x900);
    }

    @Test
    void shouldReachBarsFromTheCpu() {
        machine.bridge().cpu().writeRegister(ramAddress + 0x10, 8, 0x1122_3344_5566_7788L);
        machine.bridge().cpu().writeRegister(ramAddress + 0x12, 1, 0xAB);

        assertThat(machine.bridge().cpu().readRegister(ramAddress + 0x10, 8)).isEqualTo(0x1122_3344_55AB_7788L);
        assertThat(machine.bridge().cpu().readRegister(ramAddress + 0x16, 2)).isEqualTo(0x1122);
        assertThat(machine.loop().now())
                .as("three links and a switch there and back")
                .isGreaterThan(2 * (2 * 150_000 + 120_000 + 50_000));
    }

    @Test
    void shouldReadAllOnesWhereNoBarAnswers() {
        machine.bridge().cpu().writeRegister(ramAddress, 4, 1);
        b.config().write(CommonHeader.COMMAND, 0);

        assertThat(machine.bridge().cpu().readRegister(ramAddress, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(machine.bridge().cpu().readRegister(0xB000_0000L, 4)).isEqualTo(0xFFFF_FFFFL);
        int deviceStatus = b.config().read(0x40 + 0x0A, 2);
        assertThat(deviceStatus)
                .as("the write was still on its way: not only advisory")
                .isEqualTo(0xB);
        right.config().write(CommonHeader.COMMAND, 0);
        assertThat(machine.bridge().cpu().readRegister(ramAddress, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(fabric.config().read(0x40 + 0x0A, 2)).isEqualTo(0x9);
    }

    @Test
    void shouldGoToAPeerThroughTheSwitchAlone() {
        ram.words[0] = 77;
        byte[] data = new byte[8];
        startDriver();
        long before = machine.bridge().refused();

        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress, data)).isEqualTo(Requester.Outcome.SUCCESS);

        assertThat(data[0]).isEqualTo((byte) 77);
        assertThat(machine.bridge().refused()).as("the IOMMU has not seen it").isEqualTo(before);
    }

    @Test
    void shouldRedirectToTheRootComplexWithAcs() {
        ram.words[0] = 77;
        byte[] data = new byte[8];
        left.enableAcs(AcsCapability.RR, AcsCapability.CR);
        right.enableAcs(AcsCapability.RR, AcsCapability.CR);
        startDriver();

        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.UR);
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, RAM_IOVA, data)).isEqualTo(Requester.Outcome.SUCCESS);

        assertThat(data[0]).isEqualTo((byte) 77);
        assertThat(machine.bridge().refused()).isOne();
        assertThat(a.config().get(CommonHeader.STATUS))
                .as("received master abort")
                .isEqualTo(0x2010);
    }

    @Test
    void shouldGoToAPeerBelowAnotherRootPortByItsTranslation() {
        startDriver();

        c.requester().write(Tlp.AddressType.UNTRANSLATED, RAM_IOVA + 8, new byte[] {9, 8, 7, 6}, NO_PASID, 0);
        machine.loop().run();

        assertThat(ram.words[1]).isEqualTo(0x0607_0809);
    }

    @Test
    void shouldGoDirectlyWhenTranslatedAndDirectTranslatedIsEnabled() {
        startDriver();
        left.enableAcs(AcsCapability.RR, AcsCapability.DT);

        assertThat(read(a, Tlp.AddressType.TRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.SUCCESS);
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.UR);
        assertThat(machine.bridge().refused()).isOne();
    }

    @Test
    void shouldBlockTranslatedRequests() {
        startDriver();
        left.enableAcs(AcsCapability.TB);

        assertThat(read(a, Tlp.AddressType.TRANSLATED, PHYSICAL)).isEqualTo(Requester.Outcome.CA);
        assertThat(read(a, Tlp.AddressType.TRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.CA);
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, 0x8000)).isEqualTo(Requester.Outcome.SUCCESS);
        assertThat(left.config().get(CommonHeader.STATUS))
                .as("signaled target abort")
                .isEqualTo(0x0810);
        assertThat(a.config().get(CommonHeader.STATUS))
                .as("received target abort")
                .isEqualTo(0x1010);
    }

    @Test
    void shouldBlockRequestersThatAreNotBelowThePort() {
        startDriver();
        left.enableAcs(AcsCapability.SV);
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, 0x8000)).isEqualTo(Requester.Outcome.SUCCESS);
        machine.memory().writeLong(PHYSICAL, 0);

        a.link().up(forged(b.id(), new byte[] {1, 2, 3, 4}));
        machine.loop().run();
        assertThat(machine.memory().readLong(PHYSICAL)).isZero();
        left.enableAcs();
        a.link().up(forged(b.id(), new byte[] {1, 2, 3, 4}));
        machine.loop().run();

        assertThat(machine.memory().readLong(PHYSICAL)).as("nobody looks").isEqualTo(0x0403_0201);
    }

    private static Tlp forged(int requester, byte[] data) {
        return new Tlp.MemoryRequest(
                org.iommuemu.pcie.TlpKind.WRITE,
                requester,
                0,
                Tlp.AddressType.UNTRANSLATED,
                0x8000,
                data.length,
                NO_PASID,
                Access.WRITE,
                data,
                null,
                false);
    }

    @Test
    void shouldControlEgressByPort() {
        startDriver();
        left.enableAcs(AcsCapability.EC);
        left.config().write(0x108, 4, 1 << right.number());
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.CA);

        left.enableAcs(AcsCapability.EC, AcsCapability.RR);
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress))
                .as("redirected")
                .isEqualTo(Requester.Outcome.UR);
        left.config().write(0x108, 4, 0);

        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.SUCCESS);
    }

    @Test
    void shouldForwardUpstreamWhatWouldGoBack() {
        ram.words[0] = 5;
        startDriver().map(b.id(), IommuDriver.NO_PASID, ramAddress, ramAddress, 0x1000, 12, IommuDriver.READ);
        assertThat(read(b, Tlp.AddressType.UNTRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.UR);

        right.enableAcs(AcsCapability.UF);

        assertThat(read(b, Tlp.AddressType.UNTRANSLATED, ramAddress)).isEqualTo(Requester.Outcome.SUCCESS);
    }

    @Test
    void shouldRefuseRequestsBelowABridgeThatIsNoMaster() {
        startDriver();
        left.config().write(CommonHeader.COMMAND, CommonHeader.MEMORY_SPACE.mask());

        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, 0x8000)).isEqualTo(Requester.Outcome.UR);
        left.config().write(CommonHeader.COMMAND, 6);
        fabric.config().write(CommonHeader.COMMAND, CommonHeader.MEMORY_SPACE.mask());

        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, 0x8000)).isEqualTo(Requester.Outcome.UR);
        assertThat(machine.bridge().refused()).as("it did not come so far").isZero();
    }

    @Test
    void shouldLoseEverythingWhenADeviceIsTakenOut() {
        List<DmaChannel.Status> ended = new ArrayList<>();
        startDriver();
        new DmaChannel(a).read(0x8000, new byte[64], NO_PASID, Access.READ, (s, n) -> ended.add(s));
        machine.loop().runUntil(machine.loop().now() + 200_000);

        left.remove();
        machine.loop().run();

        assertThat(a.requester().outstanding()).isZero();
        assertThat(a.controls().isBusMaster()).isFalse();
        assertThat(machine.bridge().ecam().readRegister(Ecam.offset(0x300), 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(machine.bridge().ecam().readRegister(Ecam.offset(0x400), 2)).isZero();
        assertThat(ended).as("nobody is told").isEmpty();
    }

    @Test
    void shouldForgetItsRequestsAtFunctionLevelResetAndTakeNoLateCompletion() {
        startDriver();
        machine.memory().writeLong(PHYSICAL, 1);
        machine.memory().writeLong(PHYSICAL + 64, 2);
        List<Byte> read = new ArrayList<>();
        a.requester().read(Tlp.AddressType.UNTRANSLATED, 0x8000, 8, NO_PASID, 0, (outcome, data) -> read.add(data[0]));
        assertThat(a.config().read(0x40 + 0x0A, 2)).as("transactions pending").isEqualTo(0x20);
        machine.loop().runUntil(machine.loop().now() + 200_000);

        a.config().write(0x40 + 0x08, 2, 0x8000);
        assertThat(a.config().read(0x40 + 0x0A, 2)).isZero();
        a.requester().read(Tlp.AddressType.UNTRANSLATED, 0x8040, 8, NO_PASID, 0, (outcome, data) -> read.add(data[0]));
        machine.loop().run();

        assertThat(read).containsExactly((byte) 2);
        assertThat(a.requester().unexpectedCompletions()).isOne();
        assertThat(a.id()).as("its number stays").isEqualTo(0x300);
        assertThat(a.config().read(0x40 + 0x0A, 2)).as("advisory error").isEqualTo(0x1);
    }

    @Test
    void shouldRefusePeersThatDoNotTakeAtomicsOrTranslationRequests() {
        startDriver();
        List<Requester.Outcome> ended = new ArrayList<>();
        byte[] one = {1, 0, 0, 0};
        Tlp.AddressType plain = Tlp.AddressType.UNTRANSLATED;

        a.requester()
                .atomic(
                        plain,
                        ramAddress,
                        Tlp.AtomicOp.FETCH_ADD,
                        one,
                        NO_PASID,
                        0,
                        (outcome, data) -> ended.add(outcome));
        a.requester().translate(ramAddress, 1, NO_PASID, Access.READ, (outcome, data) -> ended.add(outcome));
        machine.loop().run();

        assertThat(ended).containsExactly(Requester.Outcome.UR, Requester.Outcome.UR);
        assertThat(ram.words[0]).isZero();
    }

    @Test
    void shouldNotKeepPoisonedData() {
        Tlp.MemoryRequest good = (Tlp.MemoryRequest) forged(a.id(), new byte[] {1, 2, 3, 4});
        Tlp.MemoryRequest bad = new Tlp.MemoryRequest(
                good.kind(), a.id(), 0, good.type(), ramAddress, 4, NO_PASID, Access.WRITE, good.data(), null, true);

        a.link().up(bad);
        machine.loop().run();

        assertThat(ram.words[0]).isZero();
        assertThat(b.config().get(CommonHeader.STATUS))
                .as("detected parity error")
                .isEqualTo(0x8010);
        assertThat(b.config().read(0x40 + 0x0A, 2)).as("non-fatal error").isEqualTo(0x2);
    }

    @Test
    void shouldTimeOutAtTheOtherSideWhenAPeerIsTakenOut() {
        startDriver();
        Requester.Outcome[] ended = new Requester.Outcome[1];
        a.requester()
                .read(Tlp.AddressType.UNTRANSLATED, ramAddress, 8, NO_PASID, 0, (outcome, data) -> ended[0] = outcome);
        machine.loop().runUntil(machine.loop().now() + 400_000);
        assertThat(ended[0]).as("on its way to the peer").isNull();

        right.remove();
        machine.loop().run();

        assertThat(ended[0]).isEqualTo(Requester.Outcome.TIMED_OUT);
        assertThat(a.config().read(0x40 + 0x0A, 2)).as("non-fatal error").isEqualTo(0x2);
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, ramAddress))
                .as("the port knows that the link is down")
                .isEqualTo(Requester.Outcome.UR);
    }

    @Test
    void shouldResetAllBelowABridgeAndNeedEnumerationAnew() {
        startDriver();
        a.enableAts(0);
        Ecam ecam = machine.bridge().ecam();
        long control = Ecam.offset(rootPort.number() << 3) + Type1Header.BRIDGE_CONTROL.offset();

        ecam.writeRegister(control, 2, 0x40);
        assertThat(ecam.readRegister(Ecam.offset(0x100), 2))
                .as("the link is down")
                .isEqualTo(0xFFFF);
        ecam.writeRegister(control, 2, 0);

        assertThat(ecam.readRegister(Ecam.offset(0x100), 2)).isZero();
        assertThat(ecam.readRegister(Ecam.offset(0x200), 2)).as("no buses").isEqualTo(0xFFFF);
        assertThat(a.controls().isAts()).isFalse();
        assertThat(a.id()).isZero();
        assertThat(machine.enumerate()).isEqualTo(ids);
        assertThat(a.id()).isEqualTo(0x300);
        a.enableBusMaster();
        assertThat(read(a, Tlp.AddressType.UNTRANSLATED, 0x8000)).isEqualTo(Requester.Outcome.SUCCESS);
    }

    @Test
    void shouldAnswerForEachFunctionOfADevice() {
        DownstreamPort port = machine.addRootPort();
        PciDevice device = new PciDevice(machine.loop(), port.link());
        PciFunction first = device.addFunction(0, machine.description());
        PciFunction third = device.addFunction(2, machine.description().withoutAts());
        port.plug(device);

        List<Integer> found = machine.enumerate();

        assertThat(found).contains(0x600, 0x602).doesNotContain(0x601);
        assertThat(first.config().read(0x0E, 1)).isEqualTo(0x80);
        assertThat(third.id()).isEqualTo(0x602);
        assertThat(third.config().read(0x100, 4)).as("no extended capability").isZero();
    }
}
