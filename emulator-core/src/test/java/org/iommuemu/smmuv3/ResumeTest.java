// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What CMD_RESUME makes of stalled transactions: fact sheet 3.5, 5.8, 6.3. The model takes the lowest unused STAG;
 * the architecture would let it take any.
 */
class ResumeTest {
    private static final int RETRY = 0x1044;
    private static final int ABORT = 0x2044;
    private static final int TERMINATE = 0x0044;

    private SmmuBench b = SmmuBench.started(SmmuBench.withStalls(0, 4, 0));
    private StallingPort port = StallingPort.on(b);
    private TestCd cd = b.stage1(0x42).set(44, 44, 1);

    @AfterEach
    void close() {
        b.close();
    }

    private void restart(SmmuFeatures features) {
        b.close();
        b = SmmuBench.started(features);
        port = StallingPort.on(b);
        cd = b.stage1(0x42).set(44, 44, 1);
    }

    private void resume(int action, long stream, long tag) {
        b.command(stream << 32 | action, tag);
        assertThat(b.read32(0x60)).as("GERROR").isZero();
    }

    private void stalls(long address, String record) {
        assertThat(b.read(0x42, address).status()).isEqualTo(Status.STALLED);
        assertThat(b.events()).containsExactly(record);
    }

    // Retry (case 69).

    @Test
    void shouldCompleteAStalledReadOnceItsPageIsThere() {
        assertThat(b.read(0x42, 0x5678).ticket()).isZero();
        b.events();
        assertThat(port.ended).isEmpty();

        cd.map(0x5000, SmmuBench.DATA);
        resume(RETRY, 0x42, 0);

        assertThat(port.ended).containsExactly("0: 42 5678 OK 80000678");
        assertThat(b.events()).isEmpty();
        assertThat(b.smmu.statistics().stalled()).isZero();
    }

    @Test
    void shouldRetryWithTheSameAccess() {
        b.access(0x42, -1, 0x5000, Access.WRITE);
        b.events();
        cd.map(0x5000, SmmuBench.DATA, TableBuilder.READ_ONLY);
        resume(RETRY, 0x42, 0);
        assertThat(b.events()).containsExactly("0000004200000013 0000020080000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldIgnoreAbWhenRetrying() {
        cd.map(0x5000, SmmuBench.DATA).unmap(0x5000);
        b.read(0x42, 0x5000);
        cd.map(0x5000, SmmuBench.DATA);
        resume(RETRY | ABORT, 0x42, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 OK 80000000");
    }

    @Test
    void shouldGiveEveryStalledTransactionAStagOfItsOwn() {
        for (int i = 0; i < 4; i++) {
            stalls(0x5000, "0000004200000010 000002088000000" + i + " 0000000000005000 0000000000000000");
        }
    }

    @ParameterizedTest(name = "action {0}")
    @ValueSource(ints = {RETRY, ABORT, TERMINATE})
    void shouldReuseTheStagAfterResume(int action) {
        b.read(0x42, 0x5000);
        b.read(0x42, 0x6000);
        b.events();
        cd.map(0x5000, SmmuBench.DATA);
        resume(action, 0x42, 0);
        stalls(0x7000, "0000004200000010 0000020880000000 0000000000007000 0000000000000000");
    }

    @Test
    void shouldResumeInAnyOrder() {
        for (int i = 0; i < 3; i++) {
            b.read(0x42, 0x5000 + i * 0x1000);
        }
        cd.map(0x5000, SmmuBench.DATA).map(0x6000, SmmuBench.DATA).map(0x7000, SmmuBench.DATA);
        resume(RETRY, 0x42, 2);
        resume(RETRY, 0x42, 0);
        resume(RETRY, 0x42, 1);
        assertThat(port.ended)
                .containsExactly("2: 42 7000 OK 80000000", "0: 42 5000 OK 80000000", "1: 42 6000 OK 80000000");
    }

    // Retry that faults again (case 74).

    @Test
    void shouldRecordARetryThatFaultsAgainAnew() {
        b.read(0x42, 0x5000);
        b.events();
        for (int i = 1; i <= 3; i++) {
            resume(RETRY, 0x42, 0);
            assertThat(b.events())
                    .containsExactly("0000004200000010 0000020880000000 0000000000005000 0000000000000000");
            assertThat(b.smmu.statistics().mostStallRetries()).isEqualTo(i);
        }
        assertThat(port.ended).isEmpty();
        assertThat(b.smmu.statistics().stalls())
                .as("one transaction all the time")
                .isEqualTo(1);
    }

    @Test
    void shouldKeepTheTicketOverRetries() {
        b.read(0x42, 0x9000);
        long ticket = b.read(0x42, 0x5000).ticket();
        resume(RETRY, 0x42, 1);
        resume(ABORT, 0x42, 1);
        assertThat(port.ended).containsExactly(ticket + ": 42 5000 ABORT 0");
    }

    // Termination (case 70).

    @Test
    void shouldAbortOnResumeWithAbort() {
        b.read(0x42, 0x5000);
        b.events();
        resume(ABORT, 0x42, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).as("the termination is not recorded").isEmpty();
    }

    @Test
    void shouldEndAsReadZeroWriteIgnoredOnResumeWithTerminate() {
        b.read(0x42, 0x5000);
        b.events();
        resume(TERMINATE, 0x42, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 READ_ZERO_WRITE_IGNORED 0");
        assertThat(b.events()).isEmpty();
    }

    @ParameterizedTest(name = "action {0}")
    @ValueSource(ints = {ABORT, TERMINATE})
    void shouldAlwaysAbortWhereOnlyAbortsExist(int action) {
        // 5.8: TERM_MODEL=1.
        restart(SmmuBench.withStalls(0, 4, 1 << 26));
        b.read(0x42, 0x5000);
        resume(action, 0x42, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
    }

    @Test
    void shouldTerminateEvenIfThePageHasCome() {
        b.read(0x42, 0x5000);
        cd.map(0x5000, SmmuBench.DATA);
        resume(ABORT, 0x42, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
    }

    // Commands that name nothing (case 71).

    @ParameterizedTest(name = "stream {0}, STAG {1}")
    @CsvSource({"0x42, 1", "0x42, 0xFFFF", "0x43, 0", "0x10042, 0", "0, 0"})
    void shouldLeaveATransactionStalledThatIsNotNamed(int stream, int tag) {
        b.read(0x42, 0x5000);
        cd.map(0x5000, SmmuBench.DATA);
        for (int action : new int[] {RETRY, ABORT, TERMINATE}) {
            resume(action, stream, tag);
        }
        assertThat(port.ended).isEmpty();
        assertThat(b.smmu.statistics().stalled()).isEqualTo(1);
        resume(RETRY, 0x42, 0);
        assertThat(port.ended).hasSize(1);
    }

    @Test
    void shouldIgnoreASecondResume() {
        b.read(0x42, 0x5000);
        resume(ABORT, 0x42, 0);
        resume(ABORT, 0x42, 0);
        resume(RETRY, 0x42, 0);
        assertThat(port.ended).hasSize(1);
    }
}
