// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Enhanced commands, and how those of counters end (VT-d architecture 11.4.14). */
class EnhancedCommandTest {
    private static final long OK = 0;
    private static final long UNDEFINED = 1;
    private static final long FAILED = 16;

    @Test
    void shouldTellWhatCommandsThereAre() {
        try (MonitorBench m = MonitorBench.legacy()) {
            assertThat(m.b.read64(0x448)).as("ECCAP3").isEqualTo(0x3FL << 48);
            assertThat(m.b.read64(0x430) | m.b.read64(0x438) | m.b.read64(0x440))
                    .isZero();
            assertThat(m.b.read64(0x420) | m.b.read64(0x428)).as("ECSTS").isZero();
        }
    }

    @ParameterizedTest(name = "command {0}, operand {1}: {2}")
    @CsvSource({"00, 0, 1", "ef, 0, 1", "f6, 0, 1", "ff, 0, 1", "f1, 7, 0", "f1, 8, 16", "f1, 800000000000, 16"})
    void shouldSayHowACommandEnded(String command, String operand, long expected) {
        try (MonitorBench m = MonitorBench.legacy()) {
            assertThat(m.command(Long.parseLong(command, 16), Long.parseLong(operand, 16)))
                    .isEqualTo(expected);
            assertThat(m.b.read64(0x400)).as("ECMD reads as zero").isZero();
        }
    }

    /** The checks of enabling: group, events, flags; a filter at an offset of the configuration; then the response. */
    @ParameterizedTest(name = "counter {0}, group {1}, events {2}, flags {3}, filter at {4}: {5}")
    @CsvSource({
        "0, 0, 2, 6, 0, 0",
        "7, 4, 7, 0, 0, 0",
        "8, 0, 2, 0, 0, 16",
        "0, 0, 0, 0, 0, 16",
        "0, 5, 1, 0, 0, 16",
        "0, f, 1, 0, 0, 16",
        "0, 0, 4, 0, 0, 16",
        "0, 3, 4, 0, 0, 16",
        "0, 3, 7, 0, 0, 16",
        "0, 3, 1, 0, 8, 0",
        "0, 3, 1, 0, c, 0",
        "0, 3, 1, 0, 14, 0",
        "0, 3, 3, 0, 8, 16",
        "0, 4, 1, 0, 8, 0",
        "0, 4, 1, 0, c, 16",
        "0, 4, 1, 0, 14, 16",
        "0, 1, 40, 0, c, 0",
        "0, 1, 40, 0, 14, 16",
        "0, 0, 1, 0, 8, 16"
    })
    void shouldCheckACounterBeforeItIsEnabled(
            int counter, String group, String events, long flags, String filter, long expected) {
        try (MonitorBench m = MonitorBench.legacy()) {
            long at = Long.parseLong(filter, 16);
            if (at != 0) {
                m.b.write32(m.configuration(counter) + at, 1L << 31);
            }
            assertThat(m.count(counter, Integer.parseInt(group, 16), Long.parseLong(events, 16), flags))
                    .isEqualTo(expected);
            assertThat(m.b.read64(m.configuration(counter)) & 1).isEqualTo(expected == OK ? 1 : 0);
        }
    }

    @ParameterizedTest(name = "PERFCAP without bit {0}: flags {1}")
    @CsvSource({"50, 2", "49, 4"})
    void shouldRefuseAnInterruptOrAFreezeThatThereIsNot(int bit, long flag) {
        long perfcap = MonitorFeatures.standard().perfcap() & ~(1L << bit);
        try (MonitorBench m = new MonitorBench(0, new MonitorFeatures(perfcap))) {
            assertThat(m.b.read64(0x300)).isEqualTo(perfcap);
            assertThat(m.count(0, 0, 2, flag)).isEqualTo(FAILED);
            assertThat(m.count(0, 0, 2, 6 ^ flag)).isEqualTo(OK);
        }
    }

    @Test
    void shouldHaveNoFiltersThatPerfcapDoesNotShow() {
        try (MonitorBench m = new MonitorBench(0, new MonitorFeatures(8 | 48 << 16))) {
            for (int at : new int[] {0x8, 0xC, 0x10, 0x14, 0x18}) {
                m.b.write32(m.configuration(0) + at, -1);
                assertThat(m.b.read32(m.configuration(0) + at)).isZero();
            }
        }
    }

    @Test
    void shouldResetConfigurationsAndValuesApart() {
        try (MonitorBench m = MonitorBench.legacy()) {
            m.b.write32(m.configuration(0) + 8, 1L << 31 | 0x18);
            m.count(0, 0, 2);
            m.b.read(0x18, 0);
            assertThat(m.command(0xF2, 0)).isEqualTo(OK);
            assertThat(m.b.read64(m.configuration(0)) | m.b.read32(m.configuration(0) + 8))
                    .isZero();
            m.b.read(0x18, 0);
            assertThat(m.value(0)).isEqualTo(1);
            assertThat(m.command(0xF3, 0)).isEqualTo(OK);
            assertThat(m.value(0)).isZero();
        }
    }

    @Test
    void shouldForgetCountersAtReset() {
        try (MonitorBench m = MonitorBench.legacy()) {
            m.count(0, 0, 2);
            m.command(MonitorBench.FREEZE, 0);
            m.b.unit.reset();
            m.b.read(0x18, 0);

            assertThat(m.value(0) | m.frozen() | m.b.read64(m.configuration(0))).isZero();
            assertThat(m.b.read64(0x448)).isEqualTo(0x3FL << 48);
            assertThat(m.b.read64(0x300)).isEqualTo(MonitorFeatures.standard().perfcap());
        }
    }

    @Test
    void shouldKnowNoCommandWithoutAMonitor() {
        VtdFeatures all = VtdFeatures.monitored();
        long ecap = ExtendedCapability.PMS.set(all.ecap(), 0);
        try (VtdBench b = new VtdBench(new VtdFeatures(all.ver(), all.cap(), ecap), CacheConfiguration.none())) {
            b.write64(0x400, 0xF0);
            assertThat(b.read64(0x410) >>> 1).isEqualTo(UNDEFINED);
            assertThat(b.read64(0x448) | b.read64(0x300) | b.read32(0x310)).isZero();
            assertThat(b.unit.monitor()).isNull();
        }
    }

    @Test
    void shouldHaveNoMonitorWithoutCommands() {
        VtdFeatures all = VtdFeatures.monitored();
        VtdFeatures without = new VtdFeatures(all.ver(), Capability.ECMDS.set(all.cap(), 0), all.ecap());
        assertThat(without.unmodelled()).containsExactly("ECAP.PMS");
    }

    @Test
    void shouldRefuseCountersThatCannotBe() {
        assertThatThrownBy(() -> MonitorFeatures.of(65, 48)).hasMessage("NCNTR is 65, expected 1 to 64");
        assertThatThrownBy(() -> MonitorFeatures.of(0, 48)).hasMessage("NCNTR is 0, expected 1 to 64");
        assertThatThrownBy(() -> MonitorFeatures.of(8, 65)).hasMessage("CW is 65, expected 1 to 64");
    }
}
