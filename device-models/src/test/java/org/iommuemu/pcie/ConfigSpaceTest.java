// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.pcie.spec.Type1Header;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;

/** Registers behave as their table says, whatever the access (PCIe Base Specification §7.5.1.1). */
class ConfigSpaceTest {
    private final EventLoop loop = new EventLoop();
    private final PciFunction function =
            new PciDevice(loop, TestFunctions.link(loop)).addFunction(0, TestFunctions.description());
    private final ConfigSpace config = function.config();

    @Test
    void shouldFollowItsTable() {
        ConfigSpace bridge = new ConfigSpaceBuilder(Type1Header.MAP).build();

        for (ConfigSpace space : new ConfigSpace[] {config, bridge}) {
            for (Register r : space.map()) {
                long ones = (1L << Byte.SIZE * r.bytes()) - 1;
                space.reset();
                long reset = space.get(r);

                space.set(r, r.writeOneToClear() | reset);
                space.write(r.offset(), r.bytes(), 0);
                assertThat(space.get(r) & r.writeOneToClear())
                        .as("%s: zeros do not clear", r.name())
                        .isEqualTo(r.writeOneToClear());
                space.write(r.offset(), r.bytes(), (int) ones);
                assertThat(space.get(r) & r.writeOneToClear())
                        .as("%s: ones clear", r.name())
                        .isEqualTo(reset & r.writeOneToClear() & ~ones);
                long fixed = ones & ~space.writableBits(r) & ~r.writeOneToClear();
                assertThat(space.get(r) & fixed)
                        .as("%s: the rest stays", r.name())
                        .isEqualTo(reset & fixed);
                assertThat(space.read(r.offset(), r.bytes()) & ones)
                        .as("%s: as read", r.name())
                        .isEqualTo(space.get(r));
            }
        }
    }

    @Test
    void shouldListItsCapabilities() {
        int plain = config.read(0x34, 1);
        StringBuilder ids = new StringBuilder();

        for (int at = plain; at != 0; at = config.read(at + 1, 1)) {
            ids.append(Integer.toHexString(config.read(at, 1))).append(' ');
        }
        for (int at = 0x100; at != 0; at = config.read(at, 4) >>> 20) {
            ids.append(Integer.toHexString(config.read(at, 4) & 0xFFFFF)).append(' ');
        }

        assertThat(ids).hasToString("10 11 1000f 10013 1001b ");
    }

    @Test
    void shouldLeaveOtherBytesOfADwAlone() {
        config.raise(CommonHeader.STATUS, CommonHeader.RECEIVED_MASTER_ABORT.mask());

        config.write(0x04, 1, 0x06);
        config.write(0x05, 1, 0x04);

        assertThat(config.read(0x04, 4)).isEqualTo(0x2010_0406);
        config.write(0x04, 2, 0);
        assertThat(config.read(0x04, 4)).as("status was not written").isEqualTo(0x2010_0000);
        config.write(0x07, 1, 0x20);
        assertThat(config.read(0x06, 2)).isEqualTo(0x0010);
    }

    @Test
    void shouldTakeMisalignedAccessesWithinOneDwAndNoOthers() {
        config.write(0x0C, 1, 0xA5);
        config.write(0x3B, 2, 0xFFFF);

        assertThat(config.read(0x0B, 2)).as("crosses a DW").isEqualTo(-1);
        assertThat(config.read(0x3C, 1)).isZero();
        assertThat(config.read(0x0D, 2)).isZero();
        assertThat(config.read(0x0C, 4)).isEqualTo(0xA5);
        assertThat(config.read(0xFFC, 4)).as("nothing there").isZero();
        assertThat(config.read(0x1000, 4)).isEqualTo(-1);
        assertThat(config.read(0, 8)).isEqualTo(-1);
    }

    @Test
    void shouldSizeBars() {
        function.bar(0, 0x3000, new FrameOfZeros());
        function.wideBar(2, 1L << 33, new FrameOfZeros());

        for (int at = 0x10; at < 0x28; at += 4) {
            config.write(at, 4, -1);
        }

        assertThat(config.read(0x10, 4)).isEqualTo(0xFFFF_C000);
        assertThat(config.read(0x14, 4)).isZero();
        assertThat(config.read(0x18, 4)).as("64 bits, prefetchable").isEqualTo(0x0000_000C);
        assertThat(config.read(0x1C, 4)).isEqualTo(0xFFFF_FFFE);
        assertThat(config.read(0x20, 4)).isZero();
        assertThat(config.read(0x24, 4)).as("MSI-X").isEqualTo(0xFFFF_E000);
    }

    @Test
    void shouldNeverThrowNorChangeWhatIsReadOnly() {
        long seed = 0x5EED;
        RandomStream random = new RandomStream(seed);
        int[] sizes = {1, 2, 4, 8, 3};
        function.bar(0, 0x1000, new FrameOfZeros());
        long[] fixed = new long[config.map().size()];
        for (int i = 0; i < fixed.length; i++) {
            fixed[i] = config.get(config.map().get(i));
        }

        for (int n = 0; n < 1_000_000; n++) {
            // Mostly where registers are.
            int offset = (int) random.nextBelow(random.nextBelow(4) == 0 ? 0x1100 : 0x140) - 8;
            int size = sizes[(int) random.nextBelow(sizes.length)];
            if (random.nextBelow(8) == 0) {
                function.frame(5).writeRegister(random.nextBelow(0x2100), size, random.nextLong());
            } else {
                config.write(offset, size, (int) random.nextLong());
            }
            function.interrupt((int) random.nextBelow(80) - 8);
            config.read(offset, size);
            if (n % 1000 == 0) {
                loop.run();
                readOnlyBitsAre(fixed, seed, n);
            }
        }
    }

    private void readOnlyBitsAre(long[] fixed, long seed, int n) {
        for (int i = 0; i < fixed.length; i++) {
            Register r = config.map().get(i);
            boolean reported =
                    r.name().equals("Page Request Status") || r.name().equals("Status");
            long own = reported ? 0x100 : 0;
            long bits = ~config.writableBits(r) & ~r.writeOneToClear() & ~own;
            assertThat(config.get(r) & bits)
                    .as("%s, seed %x, write %d", r.name(), seed, n)
                    .isEqualTo(fixed[i] & bits);
        }
    }

    private static final class FrameOfZeros implements org.iommuemu.iommu.RegisterFrame {
        @Override
        public long readRegister(long offset, int size) {
            return 0;
        }

        @Override
        public void writeRegister(long offset, int size, long value) {}
    }
}
