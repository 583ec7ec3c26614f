// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.DevicePort.Invalidation;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.api.Test;

/** A reset ends what was under way: invalidations of device TLBs, waits, page requests (fact sheet 3.2, 13.7, 15). */
class ResetTest {
    private static final int SOURCE = 0x20;
    private static final long INVALIDATE = 3 | (long) SOURCE << 32;
    private static final long WAIT = 0x25;
    private static final long ICE = 0x20;
    private static final long PPF = 2;

    /** A device that resets the unit as soon as it hears of it, and may have the queue started again. */
    private record Resetting(VtdBench b, boolean restarts) implements DevicePort {
        private void reset() {
            b.unit.reset();
            if (restarts) {
                b.start(0);
            }
        }

        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            reset();
            return Invalidation.PENDING;
        }

        @Override
        public void respond(PageResponse response) {
            reset();
        }

        @Override
        public boolean canStall(int streamId) {
            return false;
        }

        @Override
        public void resumed(long ticket, Transaction request, Verdict how) {}
    }

    @Test
    void shouldHaveNoFaultPendingFromBefore() {
        try (VtdBench b = VtdBench.legacy()) {
            b.read(0x118, 0x5000);
            b.read(0x118, 0x6000);

            b.unit.reset();
            b.start(0).read(0x118, 0x7000);

            assertThat(b.read32(0x34) & PPF).isEqualTo(PPF);
            assertThat(b.faults()).hasSize(1);
            assertThat(b.read32(0x34) & PPF).isZero();
        }
    }

    @Test
    void shouldNotWaitForDevicesThatWereAskedBefore() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            b.descriptor(INVALIDATE, 0x5000).descriptor(WAIT | 7L << 32, VtdBench.STATUS);

            b.unit.reset();
            assertThat(b.read64(0x80)).as("IQH").isZero();
            assertThat(b.unit.invalidationQueue().isEmpty()).isTrue();
            b.start(0).descriptor(WAIT | 8L << 32, VtdBench.STATUS);

            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(8);
            b.memory.writeInt(VtdBench.STATUS, 0);
            b.unit.invalidationEnded(b.requests.get(0).ticket(), true);
            assertThat(b.memory.readInt(VtdBench.STATUS))
                    .as("the wait of before is lost")
                    .isZero();
            assertThat(b.read32(0x34)).as("nobody waits for the answer").isEqualTo(ICE);
        }
    }

    @Test
    void shouldHaveEveryTagOfADestinationFree() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            for (int i = 0; i < 33; i++) {
                b.descriptor(INVALIDATE, 0x5000);
            }
            assertThat(b.requests).hasSize(32);

            b.unit.reset();
            b.start(0).descriptor(INVALIDATE, 0x6000);

            assertThat(b.requests).hasSize(33);
            assertThat(b.requests.get(32).address()).isEqualTo(0x6000);
            assertThat(b.requests.stream().map(AtcInvalidation::ticket))
                    .as("no ticket is used twice")
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void shouldTakeNoNoticeOfRequestsThatTimeOutAfterwards() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            b.descriptor(INVALIDATE, 0x5000);
            b.unit.reset();
            b.start(0);

            b.unit.invalidationEnded(b.requests.get(0).ticket(), false);

            assertThat(b.read32(0x34)).isZero();
            b.descriptor(WAIT | 8L << 32, VtdBench.STATUS);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(8);
        }
    }

    @Test
    void shouldLeaveTheHeadAtTheBeginningWhenADeviceResetsTheUnit() {
        try (VtdBench b = VtdBench.scalable()) {
            b.unit.connect(new Resetting(b, false));
            b.descriptor(0x3_0018_1019L, 5 << 3);
            assertThat(b.read64(0x80) | b.read64(0x88))
                    .as("page group response")
                    .isZero();
        }
        try (VtdBench b = VtdBench.legacy()) {
            b.unit.connect(new Resetting(b, false));
            b.descriptor(INVALIDATE, 0x5000);
            assertThat(b.read64(0x80) | b.read64(0x88)).as("device TLB").isZero();
        }
    }

    @Test
    void shouldReadTheNewQueueFromItsBeginningWhenADeviceHasTheUnitResetAndStarted() {
        try (VtdBench b = VtdBench.legacy()) {
            b.unit.connect(new Resetting(b, true));
            b.descriptor(INVALIDATE, 0x5000);
            b.unit.connect(b);

            b.descriptor(WAIT | 8L << 32, VtdBench.STATUS);

            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(8);
            assertThat(b.read64(0x80)).as("IQH").isEqualTo(0x10);
            assertThat(b.read32(0x34)).isZero();
        }
    }

    @Test
    void shouldForgetPageRequestsOverflowAndWhatSoftwareWasToBeToldOfThem() {
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 3, 1);
            for (int i = 0; i < 128; i++) {
                b.ask(SOURCE, 3, 0x5000);
            }
            assertThat(b.read32(0xDC)).as("PRO, PPR").isEqualTo(3);
            assertThat(b.read32(0xE0)).as("masked, pending").isEqualTo(3L << 30);
            b.responses.clear();

            b.unit.reset();
            assertThat(b.read32(0xDC) | b.read64(0xC0) | b.read64(0xC8)).isZero();
            assertThat(b.unit.pageRequestQueue().isEmpty()).isTrue();
            assertThat(b.read32(0xE0)).as("masked").isEqualTo(1L << 31);
            b.write32(0xE0, 0);
            assertThat(b.pulses).isEmpty();

            b.start(1).ask(SOURCE, 3, 0x7000);
            assertThat(b.read64(0xC8)).as("PQT").isEqualTo(0x20);
            assertThat(b.memory.readLong(VtdBench.PAGE_REQUESTS + 8) >>> 12).isEqualTo(7);
            assertThat(b.responses).isEmpty();
            assertThat(b.pulses).containsExactly("page-request");
        }
    }
}
