// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.ConfigSpace;
import org.iommuemu.pcie.DownstreamPort;
import org.iommuemu.pcie.Ecam;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieSwitch;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever software writes to a tree of ports and functions, nothing is thrown, and what is read-only stays. */
class HierarchyFuzzTest {
    private static final int STEPS = 350_000;
    private static final int[] SIZES = {1, 2, 4, 8};

    private final Platform machine = Platform.smmuv3(PlatformParameters.standard());
    private final List<ConfigSpace> spaces = new ArrayList<>();
    private final List<long[]> fixed = new ArrayList<>();
    private final List<PciFunction> functions = new ArrayList<>();

    private static final class Zeros implements RegisterFrame {
        @Override
        public long readRegister(long offset, int size) {
            return 0;
        }

        @Override
        public void writeRegister(long offset, int size, long value) {}
    }

    private void build() {
        DownstreamPort rootPort = machine.addRootPort();
        PcieSwitch fabric = new PcieSwitch(machine.loop(), rootPort.link(), 100_000);
        rootPort.plug(fabric);
        DownstreamPort left = fabric.addPort(machine.newLink());
        DownstreamPort right = fabric.addPort(machine.newLink());
        functions.add(machine.plug(left));
        functions.add(machine.plug(right));
        functions.add(machine.addFunction(0x700));
        functions.forEach(f -> f.wideBar(0, 1 << 16, new Zeros()));
        machine.enumerate();
        List.of(rootPort.config(), fabric.config(), left.config(), right.config())
                .forEach(spaces::add);
        functions.forEach(f -> spaces.add(f.config()));
        for (ConfigSpace space : spaces) {
            fixed.add(space.map().stream().mapToLong(space::get).toArray());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldStandAnyWrite(long seed) {
        RandomStream random = new RandomStream(seed);
        build();
        Ecam ecam = machine.bridge().ecam();

        for (int step = 0; step < STEPS; step++) {
            int size = SIZES[(int) random.nextBelow(SIZES.length)];
            switch ((int) random.nextBelow(16)) {
                case 0 -> dma(random);
                case 1, 2 -> mmio(random, size);
                case 3 -> functions.get((int) random.nextBelow(3)).interrupt((int) random.nextBelow(64));
                case 4 -> ecam.writeRegister(random.nextBelow(Ecam.BYTES + 8), size, random.nextLong());
                default -> {
                    ConfigSpace space = spaces.get((int) random.nextBelow(spaces.size()));
                    space.write((int) random.nextBelow(0x150), size, (int) random.nextLong());
                }
            }
            if (step % 500 == 0) {
                machine.loop().runUntil(machine.loop().now() + 1_000_000);
                check(seed, step);
            }
            if (step % 5000 == 0) {
                machine.enumerate();
            }
        }
        functions.forEach(f -> f.config().write(0x68, 2, 0)); // the default completion time-out
        machine.close();
    }

    /** Bits that software cannot write keep their values, but for those that a function itself sets. */
    private void check(long seed, int step) {
        for (int i = 0; i < spaces.size(); i++) {
            ConfigSpace space = spaces.get(i);
            for (int j = 0; j < space.map().size(); j++) {
                Register r = space.map().get(j);
                boolean stopped = r.name().equals("Page Request Status");
                boolean pending = r.name().equals("Device Status");
                long own = r.writeOneToClear() | (stopped ? 0x100 : 0) | (pending ? 0x20 : 0);
                long bits = ~space.writableBits(r) & ~own;
                assertThat(space.get(r) & bits)
                        .as("%s, seed %d, step %d", r.name(), seed, step)
                        .isEqualTo(fixed.get(i)[j] & bits);
            }
        }
    }

    private void dma(RandomStream random) {
        PciFunction f = functions.get((int) random.nextBelow(3));
        Tlp.AddressType type = random.nextBelow(2) == 0 ? Tlp.AddressType.UNTRANSLATED : Tlp.AddressType.TRANSLATED;
        long address = address(random) & -64;
        if (random.nextBelow(2) == 0) {
            f.requester().read(type, address, 64, Transaction.NO_SUBSTREAM, Access.READ, (outcome, data) -> {});
        } else {
            f.requester().write(type, address, new byte[64], Transaction.NO_SUBSTREAM, Access.WRITE);
        }
    }

    private void mmio(RandomStream random, int size) {
        long address = address(random) & -size;
        if (random.nextBelow(8) == 0) {
            machine.bridge().cpu().readRegister(address, size);
        } else {
            machine.bridge().cpu().writeRegister(address, size, random.nextLong());
        }
    }

    /** Mostly within a BAR. */
    private long address(RandomStream random) {
        ConfigSpace config = functions.get((int) random.nextBelow(3)).config();
        long wide = config.read(0x10, 4) & 0xFFFF_FFF0L | (long) config.read(0x14, 4) << 32;
        long narrow = config.read(0x24, 4) & 0xFFFF_FFF0L;
        return switch ((int) random.nextBelow(4)) {
            case 0 -> random.nextLong();
            case 1 -> narrow + random.nextBelow(0x2000);
            default -> wide + random.nextBelow(1 << 16);
        };
    }
}
