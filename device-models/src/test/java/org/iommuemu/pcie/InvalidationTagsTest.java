// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.time.EventLoop;
import org.junit.jupiter.api.Test;

/** The host's bookkeeping of Invalidate Requests (the fact sheet, 7.2 and 7.4). */
class InvalidationTagsTest {
    private static final int ID = 0x100;
    private static final long TIMEOUT = 1_000;

    private final EventLoop loop = new EventLoop();
    private final List<Integer> sent = new ArrayList<>();
    private final List<String> ended = new ArrayList<>();
    private int unexpected;
    private final InvalidationTags tags = new InvalidationTags(loop, TIMEOUT, new InvalidationTags.Host() {
        @Override
        public void send(AtcInvalidation request, int itag) {
            sent.add(itag);
        }

        @Override
        public void ended(AtcInvalidation request, boolean answered) {
            ended.add(request.ticket() + (answered ? " answered" : " given up"));
        }

        @Override
        public void unexpected() {
            unexpected++;
        }
    });

    private void begin(int from, int to) {
        for (int i = from; i < to; i++) {
            tags.begin(new AtcInvalidation(i, ID, Transaction.NO_SUBSTREAM, false, 0, 64));
        }
    }

    private void complete(int itags, int count) {
        tags.completed(new Tlp.InvalidateCompletion(ID, itags, count));
    }

    @Test
    void shouldEndARequestOnceAllItsMessagesHaveCome() {
        begin(0, 1);

        complete(1, 2);
        boolean early = !ended.isEmpty();
        complete(1, 2);

        assertThat(early).isFalse();
        assertThat(ended).containsExactly("0 answered");
        assertThat(unexpected).isZero();
    }

    @Test
    void shouldEndSeveralRequestsByOneMessage() {
        begin(0, 3);

        complete(0b101, 1);

        assertThat(ended).containsExactly("0 answered", "2 answered");
    }

    @Test
    void shouldLetThe33rdRequestWaitForAnITag() {
        begin(0, 40);
        int before = sent.size();

        complete(1 << 7, 1);

        assertThat(before).isEqualTo(32);
        assertThat(sent).hasSize(33).endsWith(7);
    }

    @Test
    void shouldNotCountAMessageWithAnotherCount() {
        begin(0, 1);

        complete(1, 3);
        complete(1, 2);
        complete(1, 3);
        boolean early = !ended.isEmpty();
        complete(1, 3);

        assertThat(early).isFalse();
        assertThat(ended).containsExactly("0 answered");
        assertThat(unexpected).isEqualTo(1);
    }

    @Test
    void shouldNoticeCompletionsThatNobodyWaitsFor() {
        begin(0, 1);

        complete(1 << 9, 1);
        complete(1, 1);
        complete(1, 1);

        assertThat(unexpected).as("an unknown one, and one twice").isEqualTo(2);
        assertThat(ended).hasSize(1);
    }

    @Test
    void shouldGiveUpInTimeAndNotTakeALateAnswerForAnother() {
        begin(0, 1);
        loop.run();
        begin(1, 2);

        complete(1, 1);

        assertThat(loop.now()).isEqualTo(TIMEOUT);
        assertThat(ended).containsExactly("0 given up");
        assertThat(sent).containsExactly(0, 1);
        assertThat(unexpected).isEqualTo(1);
    }
}
