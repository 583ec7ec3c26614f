// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the performance counters count, and what stops them (VT-d architecture chapter 10). */
class PerfmonTest {
    private static final int SOURCE = 0x18;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long IO = 2;
    private static final long GFO = 4;
    private static final long EN = 1L << 31;

    @Test
    void shouldCountTheCachesOfALegacyUnit() {
        try (MonitorBench m = MonitorBench.legacy()) {
            long tables = m.b.second(SOURCE, 1);
            m.b.map(tables, 0x5000, VtdBench.DATA, 3).map(tables, 0x6000, VtdBench.DATA, 3);
            long[] masks = {1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80};
            for (int n = 0; n < 8; n++) {
                assertThat(m.count(n, 2, masks[n])).isZero();
            }

            m.b.read(SOURCE, 0x5000);
            m.b.read(SOURCE, 0x6000);
            m.b.read(SOURCE, 0x5000);

            long[] counts = new long[8];
            for (int n = 0; n < 8; n++) {
                counts[n] = m.value(n);
            }
            assertThat(counts)
                    .as("context lookups, hits; PASID; second-stage tables, two walks; first-stage")
                    .containsExactly(3, 2, 0, 0, 2, 1, 0, 0);
        }
    }

    @Test
    void shouldCountTheCachesOfANestedTranslation() {
        try (MonitorBench m = MonitorBench.scalable()) {
            long first = m.b.first(SOURCE, 0, 1);
            m.b.map(first, 0x5000, VtdBench.DATA, 7).map(first, 0x6000, VtdBench.DATA, 7);
            for (int n = 0; n < 8; n++) {
                m.count(n, 2, 1L << n);
            }
            m.b.read(SOURCE, 0x5000);
            m.b.read(SOURCE, 0x6000);

            assertThat(m.value(0) + m.value(2))
                    .as("one cache for contexts and PASIDs")
                    .isEqualTo(4);
            assertThat(m.value(3)).as("PASID hits").isEqualTo(1);
            assertThat(m.value(4)).as("second stage").isZero();
            assertThat(m.value(6)).as("first stage").isEqualTo(2);
            assertThat(m.value(7))
                    .as("the second walk starts at the last table")
                    .isEqualTo(1);
        }
    }

    @Test
    void shouldTellTheStagesOfANestedTranslationApart() {
        try (MonitorBench m = MonitorBench.scalable()) {
            long second = m.b.page();
            long first = m.b.page();
            m.b.words(m.b.pasid(SOURCE, 0), second | 3 << 6 | 2 << 2 | 1, VtdBench.PWSNP | 1, first);
            m.b.map(first, 0x5000, VtdBench.DATA, 7).map(second, VtdBench.DATA, VtdBench.DATA, 3);
            for (long at = first; at < first + 0x8000; at += 0x1000) {
                m.b.map(second, at, at, 3);
            }
            m.count(0, 2, 1 << 4);
            m.count(1, 2, 1 << 6);
            m.count(2, 1, 1);
            m.count(3, 1, 1 << 3);

            assertThat(m.b.read(SOURCE, 0x5000).isOk()).isTrue();

            assertThat(m.value(0)).as("second stage: four tables and the page").isEqualTo(5);
            assertThat(m.value(1)).as("first stage").isEqualTo(1);
            // Root, context, directory, PASID; four entries of the first stage; a second-stage walk of 4 to the first
            // of
            // its tables, of 1 to each of the three beside it, and of 3 to the page, which shares the top table alone.
            assertThat(m.value(2)).isEqualTo(4 + 4 + 4 + 3 + 3);
            assertThat(m.value(3)).as("accessed: three tables and the leaf").isEqualTo(4);
        }
    }

    @Test
    void shouldCountRequestsOfEachTypeAndIotlbLookups() {
        try (MonitorBench m = MonitorBench.scalable()) {
            m.b.map(m.b.scalableSecond(SOURCE, 0, 1), 0x5000, VtdBench.DATA, 3);
            for (int n = 0; n < 4; n++) {
                m.b.write32(m.configuration(n) + 0x14, n == 3 ? 0 : EN | 1 << n);
                assertThat(m.count(n, 0, 2)).isZero();
            }
            m.count(4, 3, 1);
            m.count(5, 3, 2);
            m.count(6, 3, 3);
            TranslationCompletion c = new TranslationCompletion();
            Transaction t = new Transaction().set(SOURCE, NONE, 0x5000, Access.READ);
            Verdict v = new Verdict();

            m.b.read(SOURCE, 0x5000);
            m.b.write(SOURCE, 0x5000);
            m.b.unit.requestTranslation(t, c);
            m.b.unit.forwardTranslated(t, v);
            m.b.unit.forwardTranslated(t, v);
            m.b.unit.forwardTranslated(t, v);

            assertThat(m.value(0)).as("untranslated").isEqualTo(2);
            assertThat(m.value(1)).as("Translation Requests").isEqualTo(1);
            assertThat(m.value(2)).as("translated").isEqualTo(3);
            assertThat(m.value(3)).as("no filter").isEqualTo(6);
            assertThat(m.value(4)).as("IOTLB lookups").isEqualTo(3);
            assertThat(m.value(5)).as("IOTLB hits").isEqualTo(2);
            assertThat(m.value(6)).as("both").isEqualTo(5);
        }
    }

    @Test
    void shouldFilterByRequesterAndDomain() {
        try (MonitorBench m = MonitorBench.legacy()) {
            m.b.map(m.b.second(SOURCE, 1), 0x5000, VtdBench.DATA, 3);
            m.b.map(m.b.second(0x20, 2), 0x5000, VtdBench.DATA, 3);
            m.b.map(m.b.second(0x28, 2), 0x5000, VtdBench.DATA, 3);
            m.b.write32(m.configuration(0) + 8, EN | 0x20);
            m.b.write32(m.configuration(1) + 0xC, EN | 2);
            m.b.write32(m.configuration(2) + 8, EN | 0x20);
            m.b.write32(m.configuration(2) + 0xC, EN | 1);
            for (int n = 0; n < 3; n++) {
                assertThat(m.count(n, 0, 2)).isZero();
            }

            for (int source : new int[] {SOURCE, 0x20, 0x28, 0x30}) {
                m.b.read(source, 0x5000);
            }

            assertThat(m.value(0)).as("requester 20").isEqualTo(1);
            assertThat(m.value(1)).as("domain 2").isEqualTo(2);
            assertThat(m.value(2)).as("requester 20 in domain 1").isZero();
        }
    }

    @Test
    void shouldCountInterruptsByTheirEntries() {
        try (MonitorBench m = MonitorBench.legacy()) {
            m.b.command(VtdBench.QIE | VtdBench.TE | VtdBench.IRE);
            m.b.words(VtdBench.INTERRUPTS, 0x1200_0041_0021L, 0, 0x8001 | 0x50_0000L >>> 6 << 38, 0);
            m.b.words(0x50_0020L, 0xE3 << 16);
            for (int n = 0; n < 3; n++) {
                assertThat(m.count(n, 4, 1L << n)).isZero();
            }
            m.count(3, 1, 1);
            m.b.write32(m.configuration(4) + 8, EN | 0x20);
            m.count(4, 4, 1);

            for (int i = 0; i < 3; i++) {
                m.b.unit.remapInterrupt(SOURCE, 0xFEE0_0010L, 0);
                m.b.unit.remapInterrupt(0x20, 0xFEE0_0030L, 0);
            }

            assertThat(m.value(0)).as("lookups").isEqualTo(6);
            assertThat(m.value(1)).as("remapped").isEqualTo(2);
            assertThat(m.value(2)).as("posted").isEqualTo(2);
            assertThat(m.value(3)).as("reads").isEqualTo(2);
            assertThat(m.value(4)).as("of one requester").isEqualTo(3);
        }
    }

    @Test
    void shouldCountPageRequests() {
        try (MonitorBench m = MonitorBench.scalable()) {
            m.b.scalableSecond(SOURCE, 9, 7);
            m.b.write32(m.configuration(0) + 0xC, EN | 7);
            assertThat(m.count(0, 1, 1 << 6)).isZero();
            m.count(1, 1, 1 << 7);

            for (int i = 0; i < 128; i++) {
                m.b.ask(SOURCE, 9, 0x5000);
            }

            assertThat(m.value(0)).isEqualTo(127);
            assertThat(m.value(1)).as("overflow").isEqualTo(1);
        }
    }

    @Test
    void shouldCountOnlyWhileEnabledAndNotFrozen() {
        try (MonitorBench m = MonitorBench.legacy()) {
            m.b.read(SOURCE, 0);
            m.count(0, 0, 2);
            assertThat(m.b.read64(m.configuration(0)) & 1).as("EN").isEqualTo(1);
            m.b.read(SOURCE, 0);
            assertThat(m.command(MonitorBench.FREEZE, 0)).isZero();
            assertThat(m.frozen()).isEqualTo(0xFF);
            m.b.read(SOURCE, 0);
            assertThat(m.value(0)).isEqualTo(1);
            m.command(MonitorBench.UNFREEZE, 0);
            assertThat(m.frozen()).isZero();
            m.b.read(SOURCE, 0);
            assertThat(m.command(MonitorBench.DISABLE, 0)).isZero();
            m.b.read(SOURCE, 0);
            assertThat(m.value(0)).isEqualTo(2);
            assertThat(m.b.read64(m.configuration(0)) & 1).isZero();
        }
    }

    @Test
    void shouldInterruptOnceForOverflowsThatAskForIt() {
        try (MonitorBench m = new MonitorBench(0, MonitorFeatures.of(3, 8))) {
            m.b.write32(0x328, 0);
            for (int n = 0; n < 3; n++) {
                m.b.write64(m.counter(n), 0xFE + n % 2);
                m.count(n, 0, 2, n == 0 ? 0 : IO);
            }
            m.b.read(SOURCE, 0);
            assertThat(m.overflowed()).isEqualTo(2);
            assertThat(m.value(1)).as("it wraps").isZero();
            assertThat(m.b.pulses).containsExactly("performance");
            assertThat(m.b.read32(0x324)).as("PIS").isEqualTo(1);

            m.b.read(SOURCE, 0);
            assertThat(m.overflowed()).isEqualTo(7);
            assertThat(m.b.pulses).as("the first is not served").hasSize(1);
            m.b.write64(m.b.read32(0x318), 3);
            m.b.write32(0x324, 1);
            assertThat(m.overflowed()).isEqualTo(4);
            assertThat(m.b.read32(0x324)).isZero();
        }
    }

    @Test
    void shouldHoldTheInterruptBackWhileItIsMasked() {
        try (MonitorBench m = new MonitorBench(0, MonitorFeatures.of(1, 8))) {
            m.b.write64(m.counter(0), 0xFF);
            m.count(0, 0, 2, IO);
            m.b.read(SOURCE, 0);
            assertThat(m.b.read32(0x328)).as("IM, IP").isEqualTo(3L << 30);
            m.b.write32(0x324, 1);
            assertThat(m.b.read32(0x328)).as("nothing is left to tell").isEqualTo(2L << 30);
            m.b.write32(0x328, 0);
            assertThat(m.b.pulses).isEmpty();
        }
    }

    @Test
    void shouldFreezeAllOnAnOverflowThatSaysSo() {
        try (MonitorBench m = new MonitorBench(0, MonitorFeatures.of(2, 8))) {
            m.b.write64(m.counter(0), 0xFF);
            m.count(0, 0, 2, GFO);
            m.count(1, 0, 2);

            m.b.read(SOURCE, 0);
            m.b.read(SOURCE, 0);

            assertThat(m.frozen()).isEqualTo(3);
            assertThat(m.value(0)).isZero();
            assertThat(m.value(1)).as("what was done together is counted").isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "CWE {0}: {1} after a write of 7")
    @CsvSource({"true, 7", "false, 1"})
    void shouldLetSoftwareWriteAnEnabledCounterWithCwe(boolean cwe, long expected) {
        long perfcap = MonitorFeatures.standard().perfcap() & ~(cwe ? 0 : 1L << 48);
        try (MonitorBench m = new MonitorBench(0, new MonitorFeatures(perfcap))) {
            m.count(0, 0, 2);
            m.b.read(SOURCE, 0);
            m.b.write64(m.counter(0), 7);
            m.b.write64(m.configuration(0), 0);

            assertThat(m.value(0)).isEqualTo(expected);
            assertThat(m.b.read64(m.configuration(0)))
                    .as("configuration is fixed while enabled")
                    .isEqualTo(2L << 32 | 1);
        }
    }

    @Test
    void shouldCountTheClocksThatItIsTold() {
        try (MonitorBench m = MonitorBench.legacy()) {
            m.count(0, 0, 1);
            m.count(1, 0, 3);
            Objects.requireNonNull(m.b.unit.monitor()).advance(100);
            m.b.read(SOURCE, 0);

            assertThat(m.value(0)).isEqualTo(100);
            assertThat(m.value(1)).as("clocks and requests").isEqualTo(101);
        }
    }
}
