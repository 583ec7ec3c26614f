// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From StreamID to STE: fact sheet 1.11 and 2.1. */
class StreamTableTest {
    private SmmuBench b = SmmuBench.reset();

    @AfterEach
    void close() {
        b.close();
    }

    private void bypasses(int stream) {
        b.ste(stream).config(4).valid(1);
        assertThat(b.read(stream, 0x5000).isOk()).as("stream 0x%x", stream).isTrue();
        assertThat(b.events()).isEmpty();
    }

    private void refuses(int stream, String record) {
        assertThat(b.read(stream, 0x5000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly(record);
    }

    private void hasBadStreamId(int stream) {
        refuses(stream, String.format("%08x00000002 %016x %016x %016x", stream, 0, 0, 0));
    }

    @Test
    void shouldFindEveryStreamOfALinearTable() {
        b.linear(4).start();
        for (int stream = 0; stream < 16; stream++) {
            bypasses(stream);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 0x100, 0x8000_0000, -1})
    void shouldRecordBadStreamIdBeyondTheTable(int stream) {
        b.linear(4).start();
        hasBadStreamId(stream);
    }

    @Test
    void shouldRecordTheSubstreamOfABadStreamId() {
        // 6.1: the header has SSV and SubstreamID.
        b.linear(4).start();
        b.readSubstream(0x10, 0xABCDE, 0x5000);
        assertThat(b.events()).containsExactly("00000010abcde802 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldNotRecordBadStreamIdWithoutRecinvsid() {
        b.linear(4).withoutBadStreamRecords().start();
        assertThat(b.read(16, 0x5000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 63})
    void shouldCapTheTableAtSidsize(int log2Size) {
        // 1.11: LOG2SIZE is capped at SIDSIZE (16) for checks, used literally for alignment.
        b.start();
        b.write32(0x20, 0xC);
        long base = 0x4000_0000_0000L;
        b.write64(0x80, base);
        b.write32(0x88, log2Size);
        b.write32(0x20, 0xD);
        long table = log2Size == 63 ? 0 : base;
        b.memory.writeLong(table + 0xFFFF * 64L, 0x9);

        assertThat(b.read(0xFFFF, 0).isOk()).isTrue();
        hasBadStreamId(0x10000);
    }

    @ParameterizedTest
    @CsvSource({"4, 0x10F400", "8, 0x10C000", "10, 0x100000"})
    void shouldAlignALinearTableToItsSize(int log2Size, String aligned) {
        // 1.11: bits LOG2SIZE+5:0 are zeroed.
        b.start();
        b.write32(0x20, 0xC);
        b.write64(0x80, 0x10F7C0);
        b.write32(0x88, log2Size);
        b.write32(0x20, 0xD);
        b.memory.writeLong(Long.decode(aligned) + 3 * 64, 0x9);

        assertThat(b.read(3, 0).isOk()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"6, 0x10E000", "8, 0x10F800", "10, 0x10FE00", "16, 0x10FFC0"})
    void shouldAlignATwoLevelTableToItsSize(int split, String aligned) {
        // 1.11: bits max(5, LOG2SIZE-SPLIT-1+3):0 are zeroed; reserved SPLIT acts as 6.
        b.start();
        b.write32(0x20, 0xC);
        b.write64(0x80, 0x10FFC0);
        b.write32(0x88, 1 << 16 | split << 6 | (split == 16 ? 8 : 16));
        b.write32(0x20, 0xD);
        b.memory.writeLong(Long.decode(aligned), 0x50_0000 | 1);
        b.memory.writeLong(0x50_0000, 0x9);

        assertThat(b.read(0, 0).isOk()).isTrue();
    }

    @ParameterizedTest(name = "SPLIT {0} acts as {1}")
    @CsvSource({"6, 6", "8, 8", "10, 10", "0, 6", "7, 6", "9, 6", "31, 6"})
    void shouldSplitStreamIds(int split, int acts) {
        b.start();
        b.write32(0x20, 0xC);
        b.write64(0x80, 0x100_0000);
        b.write32(0x88, 1 << 16 | split << 6 | 16);
        b.write32(0x20, 0xD);
        int stream = (5 << acts) + 3;
        b.memory.writeLong(0x100_0000 + 5 * 8, 0x200_0000 | acts + 1);
        b.memory.writeLong(0x200_0000 + 3 * 64, 0x9);

        assertThat(b.read(stream, 0).isOk()).isTrue();
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldTakeReservedFormatAsLinear() {
        b.start();
        for (int fmt : new int[] {2, 3}) {
            b.write32(0x20, 0xC);
            b.write32(0x88, fmt << 16 | 8);
            b.write32(0x20, 0xD);
            bypasses(7);
        }
    }

    @Test
    void shouldFindStreamsOfATwoLevelTable() {
        b.twoLevel(16, 8).start();
        for (int stream : new int[] {0, 0xFF, 0x100, 0x1234, 0xFFFF}) {
            bypasses(stream);
        }
    }

    @Test
    void shouldUseOneLevel1EntryWhenTheTableIsSmallerThanTheSplit() {
        b.twoLevel(4, 8).start();
        bypasses(15);
        hasBadStreamId(16);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 12, 31})
    void shouldRecordBadStreamIdWhenSpanIsInvalid(int span) {
        b.twoLevel(16, 10).start();
        b.l1std(0x100).word(0, 0x50_0000 | span);
        hasBadStreamId(0x100);
    }

    @ParameterizedTest
    @CsvSource({"6, 7, 8", "8, 9, 10", "10, 11, 12"})
    void shouldRecordBadStreamIdWhenSpanExceedsSplit(int split, int good, int bad) {
        b.twoLevel(16, split).start();
        b.memory.writeLong(0x50_0000, 0x9);
        b.l1std(0).word(0, 0x50_0000 | good);
        assertThat(b.read(0, 0).isOk()).isTrue();

        b.invalidateAll();
        b.l1std(0).word(0, 0x50_0000 | bad);
        hasBadStreamId(0);
    }

    @Test
    void shouldRecordBadStreamIdBeyondTheSpan() {
        // Span 3: four STEs.
        b.twoLevel(16, 8).start();
        b.l1std(0x100).word(0, 0x50_0000 | 3);
        b.memory.writeLong(0x50_0000 + 3 * 64, 0x9);

        assertThat(b.read(0x103, 0).isOk()).isTrue();
        hasBadStreamId(0x104);
        hasBadStreamId(0x1FF);
    }

    @Test
    void shouldAlignLevel2ArraysToTheirSpan() {
        // Section 11: L1STD, Span 9 (256 STEs) at 0x90000000; lower pointer bits are taken as zero.
        b.twoLevel(16, 8).start();
        b.l1std(0x300).word(0, 0x0000_0000_9000_0009L | 0x3FC0);
        b.memory.writeLong(0x9000_0000L + 0x55 * 64, 0x9);

        assertThat(b.read(0x355, 0).isOk()).isTrue();
    }

    @Test
    void shouldRecordSteFetchWhenTheEntryIsAbsentOrPoisoned() {
        b.start();
        for (RangeState state : new RangeState[] {RangeState.ABSENT, RangeState.POISONED}) {
            b.memory.mark(SmmuBench.STREAM_TABLE + 0x140, 64, state);
            refuses(5, "0000000500000003 0000000000000000 0000000000000000 0000000000100140");
        }
    }

    @Test
    void shouldFetchAgainAfterAFailedFetch() {
        // 2.1: failed fetches are not cached.
        b.start();
        b.memory.mark(SmmuBench.STREAM_TABLE, 0x4000, RangeState.ABSENT);
        b.read(5, 0);
        b.events();
        b.memory.mark(SmmuBench.STREAM_TABLE, 0x4000, RangeState.PRESENT);

        bypasses(5);
    }

    @Test
    void shouldRecordSteFetchWhenTheTableIsAboveOas() {
        // 0.4: STRTAB address above OAS (48 bits) is F_STE_FETCH; FetchAddr has no bits above OAS (IHI 0070 §7.3.4).
        b.start();
        b.write32(0x20, 0xC);
        b.write64(0x80, 0x0001_0000_0000_0000L);
        b.write32(0x20, 0xD);
        refuses(2, "0000000200000003 0000000000000000 0000000000000000 0000000000000080");
    }

    @Test
    void shouldRecordSteFetchOfTheLevel1Descriptor() {
        b.start();
        b.write32(0x20, 0xC);
        b.write64(0x80, 0x900_0000);
        b.write32(0x88, 1 << 16 | 8 << 6 | 16);
        b.write32(0x20, 0xD);
        b.memory.mark(0x900_0000 + 0x48, 8, RangeState.POISONED);
        refuses(0x912, "0000091200000003 0000000000000000 0000000000000000 0000000009000048");
    }

    @Test
    void shouldRecordSteFetchWhenTheLevel2ArrayIsAboveOas() {
        b.twoLevel(16, 8).start();
        b.l1std(0x200).word(0, 0x0080_0000_0000_0009L);
        refuses(0x201, "0000020100000003 0000000000000000 0000000000000000 0000000000000040");
    }

    @Test
    void shouldRecordTheSubstreamOfAFailedSteFetch() {
        b.start();
        b.memory.mark(SmmuBench.STREAM_TABLE, 64, RangeState.ABSENT);
        b.readSubstream(0, 0x12, 0x5000);
        assertThat(b.events()).containsExactly("0000000000012803 0000000000000000 0000000000000000 0000000000100000");
    }
}
