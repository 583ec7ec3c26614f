// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DmaEngineTest {
    private static final Rule REFUSED = new Rule() {
        @Override
        public String field() {
            return "test";
        }

        @Override
        public String text() {
            return "the test refuses it";
        }

        @Override
        public String section() {
            return "none";
        }
    };

    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<String> seen = new ArrayList<>();

    @AfterEach
    void close() {
        memory.close();
    }

    /** Maps page n to page 100 - n, so that neighbours are not contiguous; refuses 9, ends 8 as RAZ/WI, holds 5 and 6. */
    private void answer(Transaction t, Verdict v) {
        seen.add(String.format("%x", t.address()));
        long page = t.address() >>> 12;
        if (page == 9) {
            v.end(Verdict.Status.ABORT, REFUSED);
        } else if (page == 8) {
            v.end(Verdict.Status.READ_ZERO_WRITE_IGNORED, REFUSED);
        } else if (page == 5 || page == 6) {
            v.stall(page, REFUSED);
        } else {
            v.ok(100 - page << 12 | t.address() & 0xFFF, 12, 0);
        }
    }

    private DmaEngine engine() {
        return new DmaEngine(this::answer, memory);
    }

    @Test
    void shouldCutATransferAtPages() {
        byte[] data = new byte[0x2001];

        assertThat(engine().read(1, Transaction.NO_SUBSTREAM, 0x1FFF, data)).isEqualTo(DmaEngine.Outcome.DONE);

        assertThat(seen).containsExactly("1fff", "2000", "3000");
    }

    @Test
    void shouldMoveBytesToWhereEachPageIsMapped() {
        byte[] data = {1, 2, 3, 4};

        engine().write(1, Transaction.NO_SUBSTREAM, 0x1FFE, data);

        assertThat(memory.readShort(99 * 0x1000 + 0xFFE)).isEqualTo((short) 0x0201);
        assertThat(memory.readShort(98 * 0x1000)).isEqualTo((short) 0x0403);
        byte[] back = new byte[4];
        engine().read(1, Transaction.NO_SUBSTREAM, 0x1FFE, back);
        assertThat(back).isEqualTo(data);
    }

    @Test
    void shouldKeepWhatWasMovedBeforeARefusal() {
        DmaEngine engine = engine();
        byte[] data = {1, 2, 3, 4};
        memory.writeInt(100 * 0x1000 - 9 * 0x1000, 0x55555555);

        assertThat(engine.write(1, Transaction.NO_SUBSTREAM, 0x7FFE, new byte[] {1, 2}))
                .isEqualTo(DmaEngine.Outcome.DONE);
        assertThat(engine.write(1, Transaction.NO_SUBSTREAM, 0x8FFE, data)).isEqualTo(DmaEngine.Outcome.ABORTED);

        assertThat(engine.moved()).isEqualTo(2);
        assertThat(engine.verdict().rule()).isSameAs(REFUSED);
        assertThat(memory.readInt(91 * 0x1000)).isEqualTo(0x55555555);
        assertThat(memory.readShort(93 * 0x1000 + 0xFFE)).isEqualTo((short) 0x0201);
    }

    @Test
    void shouldReadZeroesAndDropWritesWhereTheIommuSaysSo() {
        byte[] data = {7, 7};

        assertThat(engine().read(1, Transaction.NO_SUBSTREAM, 0x8000, data)).isEqualTo(DmaEngine.Outcome.DONE);
        assertThat(engine().write(1, Transaction.NO_SUBSTREAM, 0x8000, new byte[] {1}))
                .isEqualTo(DmaEngine.Outcome.DONE);

        assertThat(data).containsOnly(0);
        assertThat(memory.pages()).isZero();
    }

    @Test
    void shouldReportABusErrorWhereNoMemoryAnswers() {
        memory.mark(99 * 0x1000, 0x1000, RangeState.ABSENT);

        assertThat(engine().read(1, Transaction.NO_SUBSTREAM, 0x1000, new byte[4]))
                .isEqualTo(DmaEngine.Outcome.BUS_ERROR);
    }

    // Transfers that are held back.

    private static Verdict to(long address) {
        Verdict v = new Verdict();
        v.ok(address, 12, 0);
        return v;
    }

    private static Verdict ended(Verdict.Status how) {
        Verdict v = new Verdict();
        v.end(how, REFUSED);
        return v;
    }

    @Test
    void shouldStopAtAPieceThatIsHeldBack() {
        DmaEngine engine = engine();

        assertThat(engine.write(1, Transaction.NO_SUBSTREAM, 0x4FFF, new byte[] {1, 2}))
                .isEqualTo(DmaEngine.Outcome.STALLED);

        assertThat(engine.moved()).isEqualTo(1);
        assertThat(engine.verdict().ticket()).isEqualTo(5);
        assertThat(memory.readByte(96 * 0x1000 + 0xFFF)).isEqualTo((byte) 1);
    }

    @Test
    void shouldGoOnAcrossPagesThatAreHeldBack() {
        // Pages 4 to 7, of which 5 and 6 are held; the last byte is in page 7.
        DmaEngine engine = engine();
        byte[] data = new byte[0x2002];
        Arrays.fill(data, (byte) 7);

        assertThat(engine.write(1, Transaction.NO_SUBSTREAM, 0x4FFF, data)).isEqualTo(DmaEngine.Outcome.STALLED);
        assertThat(engine.resume(to(0x50_000))).isEqualTo(DmaEngine.Outcome.STALLED);
        assertThat(engine.moved()).isEqualTo(0x1001);
        assertThat(engine.resume(to(0x60_000))).isEqualTo(DmaEngine.Outcome.DONE);

        assertThat(engine.moved()).isEqualTo(0x2002);
        assertThat(seen).containsExactly("4fff", "5000", "6000", "7000");
        assertThat(memory.readByte(0x50_000)).isEqualTo((byte) 7);
        assertThat(memory.readByte(0x50_FFF)).isEqualTo((byte) 7);
        assertThat(memory.readByte(0x60_FFF)).isEqualTo((byte) 7);
        assertThat(memory.readByte(93 * 0x1000)).isEqualTo((byte) 7);
    }

    @Test
    void shouldReadWhatAHeldPieceIsGivenInTheEnd() {
        DmaEngine engine = engine();
        byte[] data = new byte[4];
        memory.writeInt(0x50_FFC, 0x04030201);

        engine.read(1, Transaction.NO_SUBSTREAM, 0x5FFC, data);
        assertThat(engine.resume(to(0x50_FFC))).isEqualTo(DmaEngine.Outcome.DONE);

        assertThat(data).containsExactly(1, 2, 3, 4);
    }

    @Test
    void shouldEndWhenAHeldPieceIsAborted() {
        DmaEngine engine = engine();
        engine.write(1, Transaction.NO_SUBSTREAM, 0x4FFF, new byte[0x2000]);

        assertThat(engine.resume(ended(Verdict.Status.ABORT))).isEqualTo(DmaEngine.Outcome.ABORTED);

        assertThat(engine.moved()).isEqualTo(1);
        assertThat(engine.verdict().status()).isEqualTo(Verdict.Status.ABORT);
        assertThat(seen).containsExactly("4fff", "5000");
    }

    @Test
    void shouldReadZeroesWhereAHeldPieceEndsThatWay() {
        DmaEngine engine = engine();
        byte[] data = {9, 9};
        engine.read(1, Transaction.NO_SUBSTREAM, 0x5000, data);

        assertThat(engine.resume(ended(Verdict.Status.READ_ZERO_WRITE_IGNORED))).isEqualTo(DmaEngine.Outcome.DONE);

        assertThat(data).containsOnly(0);
        assertThat(engine.moved()).isEqualTo(2);
    }

    @Test
    void shouldReportABusErrorWhereAHeldPieceEndsInAHole() {
        memory.mark(0x50_000, 0x1000, RangeState.ABSENT);
        DmaEngine engine = engine();
        engine.read(1, Transaction.NO_SUBSTREAM, 0x5000, new byte[2]);

        assertThat(engine.resume(to(0x50_000))).isEqualTo(DmaEngine.Outcome.BUS_ERROR);
    }

    @Test
    void shouldStayHeldIfTheAnswerIsToWait() {
        DmaEngine engine = engine();
        engine.read(1, Transaction.NO_SUBSTREAM, 0x5000, new byte[2]);
        Verdict again = new Verdict();
        again.stall(5, REFUSED);

        assertThat(engine.resume(again)).isEqualTo(DmaEngine.Outcome.STALLED);
        assertThat(engine.resume(to(0x50_000))).isEqualTo(DmaEngine.Outcome.DONE);
    }

    @Test
    void shouldRefuseToGoOnWithATransferThatIsNotHeldBack() {
        DmaEngine engine = engine();
        engine.read(1, Transaction.NO_SUBSTREAM, 0x1000, new byte[2]);

        assertThatThrownBy(() -> engine.resume(to(0x50_000)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("DONE");
    }

    @Test
    void shouldStartAnewAfterATransferThatIsStillHeldBack() {
        DmaEngine engine = engine();
        engine.read(1, Transaction.NO_SUBSTREAM, 0x4FFF, new byte[2]);

        assertThat(engine.write(1, Transaction.NO_SUBSTREAM, 0x1000, new byte[] {1}))
                .isEqualTo(DmaEngine.Outcome.DONE);
        assertThat(engine.moved()).isEqualTo(1);
    }
}
