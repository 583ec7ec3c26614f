// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Software maps pages where the device misses them, and takes them back at any time, while the device reads and writes. Once a page has
 * been taken back, invalidated, and waited for, the device must neither see nor change what is there then.
 */
class AtsRaceTest {
    private static final int PAGES = 6;
    private static final long FIRST_FRAME = 0x2_0000_0000L;
    private static final int POISON = 0xDEAD_BEEF;
    private static final int PASID = 7;
    private static final int DEVICE = 0x10;

    private final Map<Long, Long> frames = new HashMap<>();
    private final List<Long> freed = new ArrayList<>();
    private final List<Integer> silent = new ArrayList<>();
    private Platform machine;
    private IommuDriver driver;
    private RandomStream random;
    private DmaChannel dma;
    private int nextFrame;
    private int leaks;
    private int underWay;
    private int done;

    private void access() {
        long page = 0x20_0000L + 0x1000L * (int) random.nextBelow(PAGES);
        int offset = 64 * (int) random.nextBelow(60);
        int bytes = (int) random.nextBelow(4) == 0 ? 0x1000 : 64;
        underWay++;
        if ((int) random.nextBelow(2) == 0) {
            byte[] into = new byte[bytes];
            dma.read(page + offset, into, PASID, Access.READ, (s, n) -> {
                for (int i = 0; i + 4 <= n; i += 4) {
                    leaks += word(into, i) == POISON ? 1 : 0;
                }
                ended(s);
            });
        } else {
            dma.write(page + offset, new byte[bytes], PASID, Access.WRITE, (s, n) -> ended(s));
        }
    }

    private static int word(byte[] b, int i) {
        return b[i] & 0xFF | (b[i + 1] & 0xFF) << 8 | (b[i + 2] & 0xFF) << 16 | (b[i + 3] & 0xFF) << 24;
    }

    private void ended(Status s) {
        underWay--;
        done += s == Status.OK ? 1 : 0;
        assertThat(s).isIn(Status.OK, Status.NO_PAGE);
    }

    /** Usually the page is mapped then. */
    private Code serve(List<PageRequest> group) {
        boolean all = true;
        for (PageRequest r : group) {
            boolean known = frames.containsKey(r.address());
            if (!known && random.nextBelow(8) != 0) {
                long frame = FIRST_FRAME + 0x1000L * nextFrame++;
                fill(frame, 0x1111_1111);
                driver.map(DEVICE, PASID, r.address(), frame, 0x1000, 12, IommuDriver.READ | IommuDriver.WRITE);
                frames.put(r.address(), frame);
            }
            all &= frames.containsKey(r.address());
        }
        return all ? Code.SUCCESS : Code.INVALID;
    }

    private void fill(long frame, int word) {
        for (int i = 0; i < 0x1000; i += 4) {
            machine.memory().writeInt(frame + i, word);
        }
    }

    private void takeBack(long page) {
        Long frame = frames.remove(page);
        if (frame != null) {
            driver.unmap(DEVICE, PASID, page, 0x1000, 12);
            fill(frame, POISON);
            freed.add(frame);
        }
    }

    @ParameterizedTest(name = "{0}, seed {1}")
    @CsvSource({"smmuv3, 1", "smmuv3, 2", "smmuv3, 3", "vtd, 1", "vtd, 2", "vtd, 3"})
    void shouldNotTouchAPageOnceItHasBeenTakenBack(String architecture, long seed) {
        random = new RandomStream(seed);
        PlatformParameters p = PlatformParameters.standard();
        machine = architecture.equals("smmuv3") ? Platform.smmuv3(p) : Platform.vtd(p);
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.bind(DEVICE, PASID);
        driver.enableAts(DEVICE);
        driver.enablePageRequests(DEVICE);
        driver.onPageRequest(this::serve, 2_000_000);
        driver.onSilence(silent::add);
        PciFunction function = machine.addFunction(DEVICE);
        function.enableBusMaster().enablePasid(false, false).enableAts(0).enablePri(8);
        dma = new DmaChannel(function, AtcParameters.standard().withRequests(1 + (int) seed, 8, seed == 2));

        for (int step = 0; step < 3000; step++) {
            if (underWay < 12) {
                access();
            }
            machine.loop().runUntil(machine.loop().now() + 1000L * (int) random.nextBelow(400));
            if ((int) random.nextBelow(5) == 0) {
                takeBack(0x20_0000L + 0x1000L * (int) random.nextBelow(PAGES));
            }
        }
        for (int i = 0; i < 100 && underWay > 0; i++) {
            machine.loop().runUntil(machine.loop().now() + 10_000_000);
        }

        assertThat(leaks).isZero();
        assertThat(underWay).isZero();
        assertThat(done).isGreaterThan(300);
        assertThat(freed).hasSizeGreaterThan(100);
        for (long frame : freed) {
            for (int i = 0; i < 0x1000; i += 4) {
                assertThat(machine.memory().readInt(frame + i)).isEqualTo(POISON);
            }
        }
        assertThat(dma.statistics().get(Counter.DISCARDED)).isPositive();
        assertThat(dma.statistics().get(Counter.INVALIDATIONS_HELD)).isPositive();
        assertThat(silent).isEmpty();
        machine.close();
    }
}
