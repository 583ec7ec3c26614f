// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.Verdict.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Fault case 117: reset while transactions are stalled, invalidations are outstanding and page requests are queued. */
class ResetTest {
    private static final long PAGE_REQUESTS = 0x50_0000;

    private final SmmuBench b = SmmuBench.started(SmmuFeatures.full());
    private final List<Status> resumed = new ArrayList<>();
    private final List<Long> pending = new ArrayList<>();
    private final List<PageResponse> responses = new ArrayList<>();

    /** Devices that wait for whatever they are asked to wait for. */
    private final class Devices implements DevicePort {
        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            pending.add(request.ticket());
            return Invalidation.PENDING;
        }

        @Override
        public void respond(PageResponse response) {
            responses.add(response);
        }

        @Override
        public boolean canStall(int streamId) {
            return true;
        }

        @Override
        public void resumed(long ticket, Transaction transaction, Verdict verdict) {
            resumed.add(verdict.status());
        }
    }

    @BeforeEach
    void keepTheMachineBusy() {
        b.smmu.connect(new Devices());
        b.write64(0xC0, PAGE_REQUESTS | 4);
        b.write32(0x20, 0x1F);
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        // CD.S.
        cd.set(44, 44, 1);
        for (int i = 0; i < 3; i++) {
            assertThat(b.read(5, 0x5000 + i * 0x1000L).status()).isEqualTo(Status.STALLED);
        }
        b.command(0x40 | 6L << 32, 0).sync().command(0x30, 0);
        assertThat(b.read32(0x9C)).as("the SYNC waits").isNotEqualTo(b.read32(0x98));
        b.smmu.requestPage(new PageRequest(6, Transaction.NO_SUBSTREAM, 0x7000, true, false, false, false, true, 3));
    }

    @AfterEach
    void close() {
        b.close();
    }

    private void restart() {
        b.smmu.reset();
        b.start();
    }

    @Test
    void shouldAbortWhatIsStalled() {
        b.smmu.reset();

        assertThat(resumed).containsExactly(Status.ABORT, Status.ABORT, Status.ABORT);
        assertThat(b.smmu.statistics().stalled()).isZero();
        assertThat(b.read32(0x24)).isZero();
    }

    @Test
    void shouldForgetStagsOfTheTimeBefore() {
        restart();
        for (int tag = 0; tag < 4; tag++) {
            b.command(0x44 | 1 << 12 | 5L << 32, tag);
        }

        assertThat(resumed).hasSize(3);
        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
    }

    @Test
    void shouldNotWaitForInvalidationsOfTheTimeBefore() {
        restart();

        assertThat(b.read32(0x9C)).as("its own SYNC is done").isEqualTo(b.read32(0x98));
        assertThat(b.read32(0x60)).isZero();
    }

    @Test
    void shouldIgnoreALateAnswerOfADevice() {
        restart();
        b.smmu.invalidationEnded(pending.get(0), false);
        b.sync();

        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
        assertThat(b.read32(0x60)).as("no CERROR_ATC_INV_SYNC").isZero();
    }

    @Test
    void shouldShowEveryQueueIndexAsZero() {
        // They are UNKNOWN after reset; here they are 0.
        b.smmu.reset();

        for (long offset : new long[] {0x98, 0x9C, 0x100A8, 0x100AC, 0x100C8, 0x100CC}) {
            assertThat(b.read32(offset)).as("register 0x%x", offset).isZero();
        }
    }

    @Test
    void shouldStartWithEmptyQueuesAndTranslateAgain() {
        restart();

        assertThat(b.events()).isEmpty();
        assertThat(b.read32(0x100C8)).isZero();
        assertThat(b.read(5, 0x1000).address()).isEqualTo(SmmuBench.DATA);
        assertThat(b.read(5, 0x5000).status()).isEqualTo(Status.STALLED);
        assertThat(b.events()).hasSize(1);
        assertThat(responses).isEmpty();
    }
}
