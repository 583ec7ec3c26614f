// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.capture.JoinedRow;
import org.junit.jupiter.api.Test;

class CommandComparisonTest {
    private static final int NONE = JoinedRow.NONE;

    private final CommandComparison comparison = new CommandComparison();

    private static QueuedCommand range(int domain, long iova, long bytes) {
        return new QueuedCommand("TLBI_NH_VA", NONE, domain, iova, bytes, "leaf=1", false);
    }

    private static QueuedCommand of(String op, int stream) {
        return new QueuedCommand(op, stream, NONE, 0, 0, "", op.equals("SYNC"));
    }

    private static Batch batch(QueuedCommand... commands) {
        return new Batch(List.of(commands), "line 7");
    }

    private static Batch unmap(int domain, long iova, long bytes) {
        return batch(range(domain, iova, bytes), of("SYNC", NONE));
    }

    @Test
    void shouldCompareTheBatchesOfAnUnmap() {
        comparison.oursOfUnmap(5, unmap(1, 0x1000, 0x1000));
        comparison.recordedOfUnmap(6, unmap(3, 0x8000, 0x3000));
        comparison.recordedOfUnmap(5, unmap(3, 0x1000, 0x1000));
        comparison.oursOfUnmap(6, unmap(1, 0x8000, 0x3000));
        comparison.end();

        assertThat(comparison.unmaps()).isEqualTo(2);
        assertThat(comparison.exactUnmaps()).isEqualTo(2);
        assertThat(comparison.commands()).hasToString("4 of 4");
        assertThat(comparison.names().pairs()).containsExactly(java.util.Map.entry(3, 1));
    }

    @Test
    void shouldFindEveryWrongOperand() {
        Batch recorded = unmap(3, 0x1000, 0x2000);
        List<QueuedCommand> wrong = List.of(
                range(1, 0x2000, 0x2000),
                range(1, 0x1000, 0x1000),
                range(2, 0x1000, 0x2000),
                range(1, 0x1000, 0x2000).in(NONE),
                new QueuedCommand("TLBI_NH_VA", NONE, 1, 0x1000, 0x2000, "leaf=0", false),
                new QueuedCommand("TLBI_NH_VAA", NONE, 1, 0x1000, 0x2000, "leaf=1", false));
        comparison.oursOfUnmap(0, unmap(1, 0x9000, 0x1000));
        comparison.recordedOfUnmap(0, unmap(3, 0x9000, 0x1000));

        for (int i = 0; i < wrong.size(); i++) {
            comparison.oursOfUnmap(i + 1, batch(wrong.get(i), of("SYNC", NONE)));
            comparison.recordedOfUnmap(i + 1, recorded);
        }

        assertThat(comparison.exactUnmaps()).isEqualTo(1);
        assertThat(comparison.commands()).hasToString("8 of 14");
        assertThat(comparison.causes()).containsEntry("TLBI_NH_VA with other operands", 5L);
        assertThat(comparison.causes()).containsEntry("TLBI_NH_VA, sent TLBI_NH_VAA", 1L);
    }

    @Test
    void shouldFindAMissingSync() {
        comparison.oursOfUnmap(1, batch(range(1, 0x1000, 0x1000)));
        comparison.recordedOfUnmap(1, unmap(3, 0x1000, 0x1000));

        assertThat(comparison.exactUnmaps()).isZero();
        assertThat(comparison.commands().differences())
                .containsExactly("line 7: command 2 of a batch: expected SYNC, found nothing");
    }

    @Test
    void shouldFindTwoCommandsWhereOneIsRecorded() {
        comparison.oursOfUnmap(1, batch(range(1, 0x1000, 0x1000), range(1, 0x2000, 0x1000), of("SYNC", NONE)));
        comparison.recordedOfUnmap(1, unmap(3, 0x1000, 0x2000));

        assertThat(comparison.exactUnmaps()).isZero();
        assertThat(comparison.commands()).hasToString("0 of 3");
    }

    /** A number that is paired stays with its partner. */
    @Test
    void shouldFindADomainThatIsAnotherOne() {
        comparison.oursOfUnmap(1, unmap(1, 0x1000, 0x1000));
        comparison.recordedOfUnmap(1, unmap(3, 0x1000, 0x1000));

        comparison.oursOfUnmap(2, unmap(1, 0x1000, 0x1000));
        comparison.recordedOfUnmap(2, unmap(4, 0x1000, 0x1000));

        assertThat(comparison.exactUnmaps()).isEqualTo(1);
    }

    @Test
    void shouldMatchOtherBatchesWhereverTheyComeFirst() {
        comparison.ours(batch(of("CFGI_STE_RANGE", NONE), of("SYNC", NONE)));
        comparison.recorded(batch(of("CFGI_STE_RANGE", NONE), of("SYNC", NONE)));
        comparison.recorded(batch(of("SYNC", NONE)));
        comparison.recorded(batch(of("CFGI_STE", 8), of("SYNC", NONE)));
        comparison.ours(batch(of("CFGI_STE", 8), of("SYNC", NONE)));
        comparison.ours(batch(of("SYNC", NONE)));
        comparison.end();

        assertThat(comparison.commands()).hasToString("5 of 5");
    }

    @Test
    void shouldCountWhatIsMissingAndWhatIsNotRecorded() {
        comparison.ours(batch(of("CFGI_STE", 8), of("SYNC", NONE)));
        comparison.recorded(batch(of("CFGI_STE", 9), of("SYNC", NONE)));
        comparison.end();

        assertThat(comparison.commands()).hasToString("0 of 4");
        assertThat(comparison.causes())
                .containsOnlyKeys(
                        "CFGI_STE, sent nothing", "SYNC, sent nothing", "nothing, sent CFGI_STE", "nothing, sent SYNC");
    }

    @Test
    void shouldMatchAnUnmapByItsCommandsWhereOneSideAloneNamesItsPartner() {
        comparison.ours(unmap(1, 0x1000, 0x1000));
        comparison.recordedOfUnmap(9, unmap(3, 0x1000, 0x1000));
        comparison.end();

        assertThat(comparison.commands()).hasToString("2 of 2");
    }

    /** A record has no stream for PREFETCH_CONFIG. */
    @Test
    void shouldNotCompareWhatARecordDoesNotHold() {
        comparison.ours(batch(of("PREFETCH_CONFIG", 8), of("SYNC", NONE)));
        comparison.recorded(batch(of("PREFETCH_CONFIG", NONE), of("SYNC", NONE)));
        comparison.end();

        assertThat(comparison.commands()).hasToString("2 of 2");
    }
}
