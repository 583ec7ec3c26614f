// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Faults on the way from a good CD to a physical address, with their whole records: fact sheet 3.5, 4.1, 4.9, 6.1, 6.2.
 * Permission faults have a test of their own.
 */
class TranslationFaultTest {
    /** A page whose descriptors have an index of their own at every level: 1, 2, 3, 4. */
    private static final long VA = 0x0000_0080_8060_4000L;

    private final SmmuBench b = SmmuBench.started();
    private final TestCd cd = b.stage1(0x42, 7);

    @AfterEach
    void close() {
        b.close();
    }

    private void aborts(long address, String... records) {
        assertThat(b.read(0x42, address).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly(records);
    }

    @Test
    void shouldRecordTheWorkedVector() {
        // Section 11: F_TRANSLATION, SID 0x100, write, S1, CLASS IN, addr 0xDEAD000.
        try (SmmuBench w = SmmuBench.reset().linear(9).start()) {
            w.stage1(0x100);
            assertThat(w.write(0x100, 0xDEAD000).status()).isEqualTo(Status.ABORT);
            assertThat(w.events())
                    .containsExactly("0000010000000010 0000020000000000 000000000dead000 0000000000000000");
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {25, 32, 39, 40, 48})
    void shouldRecordTranslationBeyondTheLowerRange(int bits) {
        // 4.1: VA[63:N] must all be zero for TTB0.
        cd.lowerTables(12, bits).map((1L << bits) - 0x1000, SmmuBench.DATA);
        assertThat(b.read(0x42, (1L << bits) - 1).address()).isEqualTo(SmmuBench.DATA + 0xFFF);

        for (long address : new long[] {1L << bits, 1L << 54, 1L << 56, 1L << 63, 0x7F00_0000_0000_0000L}) {
            aborts(address, String.format("0000004200000010 0000020800000000 %016x 0000000000000000", address));
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {25, 39, 48})
    void shouldRecordTranslationBelowTheUpperRange(int bits) {
        cd.upperTables(12, bits).map(-1L << bits, SmmuBench.DATA);
        assertThat(b.read(0x42, (-1L << bits) + 5).address()).isEqualTo(SmmuBench.DATA + 5);

        // The hole between the halves, and a top byte that is not all ones.
        for (long address : new long[] {(-1L << bits) - 1, 1L << 55, 0x7FFF_FFFF_FFFF_F000L}) {
            aborts(address, String.format("0000004200000010 0000020800000000 %016x 0000000000000000", address));
        }
    }

    @Test
    void shouldRecordTranslationWhenWalksAreDisabled() {
        // EPD1=1 from the start, EPD0 set now: CLASS=IN.
        cd.map(VA, SmmuBench.DATA).set(14, 14, 1);
        aborts(VA, "0000004200000010 0000020800000000 0000008080604000 0000000000000000");
        aborts(-8L, "0000004200000010 0000020800000000 fffffffffffffff8 0000000000000000");
    }

    @ParameterizedTest(name = "height {0}, descriptor {1}")
    @CsvSource({"3, 0", "3, 2", "3, 1", "2, 0", "2, 2", "1, 0", "1, 2", "0, 0", "0, 2", "0, 1"})
    void shouldRecordTranslationWhenADescriptorIsInvalid(int height, long type) {
        // 4.4: x0 invalid; block code at level 0 and at level 3 is invalid too. No level in the record (4.9).
        cd.map(VA, SmmuBench.DATA);
        cd.descriptor(VA, height, 0x8000_0000L | 0x400 | type);
        aborts(VA | 0x123, "0000004200000010 0000020800000000 0000008080604123 0000000000000000");
    }

    @ParameterizedTest(name = "granule 2^{0}, height {1}")
    @CsvSource({
        "14, 2, true",
        "14, 3, true",
        "16, 2, true",
        "14, 1, false",
        "16, 1, false",
        "12, 1, false",
        "12, 2, false"
    })
    void shouldRecordTranslationForBlocksThatAGranuleLacks(int granule, int height, boolean faults) {
        // 4.2: 4K L1 and L2; 16K L2; 64K L2 (L1 with 52-bit addresses only).
        cd.lowerTables(granule, 48);
        cd.descriptor(VA, height, 0x441);
        assertThat(b.read(0x42, VA).isOk()).isEqualTo(!faults);
        assertThat(b.events()).hasSize(faults ? 1 : 0);
    }

    @ParameterizedTest(name = "IPS {0}")
    @CsvSource({"0, 32", "1, 36", "2, 40", "3, 42", "4, 44"})
    void shouldRecordAddressSizeOfALeafAboveIps(int ips, int bits) {
        // 4.1: F_ADDR_SIZE, S2=0, CLASS=IN.
        cd.ips(ips).map(VA, (1L << bits) - 0x1000);
        assertThat(b.read(0x42, VA).isOk()).isTrue();

        cd.map(VA, 1L << bits);
        b.invalidateAll();
        aborts(VA, "0000004200000011 0000020800000000 0000008080604000 0000000000000000");
    }

    @ParameterizedTest(name = "height {0}")
    @ValueSource(ints = {1, 2, 3})
    void shouldRecordAddressSizeOfATableAboveIps(int height) {
        cd.ips(4).map(VA, SmmuBench.DATA);
        cd.descriptor(VA, height, 1L << 44 | 3);
        aborts(VA, "0000004200000011 0000020800000000 0000008080604000 0000000000000000");
    }

    @Test
    void shouldRecordAddressSizeOfABlockAboveIps() {
        cd.ips(0).map(0x4000_0000L, 1L << 32, 2, TableBuilder.READ_WRITE);
        aborts(0x4000_1000L, "0000004200000011 0000020800000000 0000000040001000 0000000000000000");
    }

    @Test
    void shouldCapOutputsAtOas() {
        // IPS 48 bits, OAS 36 bits.
        try (SmmuBench s = SmmuBench.started(SmmuBench.withIdr5(7, 1))) {
            s.stage1(1).map(0x1000, 1L << 36).map(0x2000, (1L << 36) - 0x1000);
            s.read(1, 0x1000);
            assertThat(s.events())
                    .containsExactly("0000000100000011 0000020800000000 0000000000001000 0000000000000000");
            assertThat(s.read(1, 0x2000).address()).isEqualTo(0xF_FFFF_F000L);
        }
    }

    @Test
    void shouldRecordAccessWithoutTheFlag() {
        // 4.8: HA=0 and AF=0.
        cd.map(VA, SmmuBench.DATA, TableBuilder.READ_WRITE & ~0x400L);
        aborts(VA, "0000004200000012 0000020800000000 0000008080604000 0000000000000000");
        assertThat(b.write(0x42, VA).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000004200000012 0000020000000000 0000008080604000 0000000000000000");
    }

    @Test
    void shouldIgnoreTheFlagWithAffd() {
        cd.set(35, 35, 1).map(VA, SmmuBench.DATA, TableBuilder.READ_WRITE & ~0x400L);
        assertThat(b.read(0x42, VA).isOk()).isTrue();
    }

    @Test
    void shouldNotCacheDescriptorsWithoutTheFlag() {
        // 4.8: software sets AF and retries without an invalidation.
        cd.map(VA, SmmuBench.DATA, TableBuilder.READ_WRITE & ~0x400L);
        b.read(0x42, VA);
        cd.map(VA, SmmuBench.DATA);
        assertThat(b.read(0x42, VA).isOk()).isTrue();
    }

    @Test
    void shouldReportTheFirstFaultInOrder() {
        // 4.9: address size, then access flag, then permission.
        cd.ips(0).map(VA, 1L << 32, 0xC0);
        b.write(0x42, VA);
        cd.map(VA, SmmuBench.DATA, 0xC0);
        b.write(0x42, VA);
        cd.map(VA, SmmuBench.DATA, 0x4C0);
        b.write(0x42, VA);
        assertThat(b.events())
                .extracting(record -> record.substring(0, 16))
                .containsExactly("0000004200000011", "0000004200000012", "0000004200000013");
    }

    @ParameterizedTest(name = "height {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldRecordWalkAbortWithTheDescriptorsAddress(int height) {
        // 6.2: S2=0, CLASS=TT, FetchAddr; A and R do not apply.
        cd.map(VA, SmmuBench.DATA).records(0).aborts(0);
        long at = cd.tables(VA).descriptorAddress(VA, height);
        for (RangeState state : new RangeState[] {RangeState.ABSENT, RangeState.POISONED}) {
            b.memory.mark(at, 8, state);
            aborts(VA | 8, String.format("000000420000000b 0000010800000000 0000008080604008 %016x", at));
        }
        b.memory.mark(at, 8, RangeState.PRESENT);
        assertThat(b.read(0x42, VA).isOk()).isTrue();
    }

    @Test
    void shouldTellTheAccessOfAWalkAbort() {
        cd.map(VA, SmmuBench.DATA);
        long at = cd.tables(VA).descriptorAddress(VA, 0);
        b.memory.mark(at, 8, RangeState.ABSENT);
        b.access(0x42, -1, VA, Access.WRITE | Access.PRIVILEGED);
        b.access(0x42, -1, VA, Access.INSTRUCTION);
        b.access(0x42, -1, VA, Access.ATOMIC);
        assertThat(b.events())
                .containsExactly(
                        String.format("000000420000000b 0000010200000000 0000008080604000 %016x", at),
                        String.format("000000420000000b 0000010c00000000 0000008080604000 %016x", at),
                        String.format("000000420000000b 0000010000000000 0000008080604000 %016x", at));
    }

    @ParameterizedTest(name = "R={0}, A={1}")
    @CsvSource({
        "0, 0, READ_ZERO_WRITE_IGNORED, 0",
        "1, 0, READ_ZERO_WRITE_IGNORED, 1",
        "0, 1, ABORT, 0",
        "1, 1, ABORT, 1",
    })
    void shouldTerminateAsTheCdSays(int records, int aborts, Status status, int count) {
        // 3.5, for each of the four fault kinds.
        cd.ips(4).records(records).aborts(aborts);
        cd.map(0x1000, 1L << 44).map(0x2000, SmmuBench.DATA, 0x40).map(0x3000, SmmuBench.DATA, 0x4C0);
        List<Status> ends = new ArrayList<>();
        for (long address : new long[] {0x1000, 0x2000, 0x3000, 0x4000}) {
            ends.add(b.write(0x42, address).status());
        }
        ends.add(b.write(0x42, 1L << 50).status());

        assertThat(ends).containsOnly(status);
        assertThat(b.events())
                .extracting(record -> record.substring(14, 16))
                .containsExactly(count == 0 ? new String[0] : new String[] {"11", "12", "13", "10", "10"});
    }

    @Test
    void shouldKeepTheInputAddressUnmodified() {
        // 4.1: TBI replaces the top byte for translation, not in the record.
        cd.set(38, 38, 1).set(39, 39, 1).upperTables(12, 48);
        aborts(0xA500_0000_0000_1238L, "0000004200000010 0000020800000000 a500000000001238 0000000000000000");
        aborts(0x5AFF_FFFF_FFFF_1238L, "0000004200000010 0000020800000000 5affffffffff1238 0000000000000000");
    }

    @Test
    void shouldCheckAllBitsBut63To56WithTbi() {
        // 4.1: AddrTop is 55 with TBI; VA[55] picks the half.
        cd.set(38, 38, 1).map(0x1000, SmmuBench.DATA);
        assertThat(b.read(0x42, 0xFF00_0000_0000_1000L).address()).isEqualTo(SmmuBench.DATA);
        aborts(0x0040_0000_0000_1000L, "0000004200000010 0000020800000000 0040000000001000 0000000000000000");
        aborts(0x0080_0000_0000_1000L, "0000004200000010 0000020800000000 0080000000001000 0000000000000000");
    }
}
