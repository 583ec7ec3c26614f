// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.iommuemu.capture.JoinedRow.Kind;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.replay.ProgressListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The calls of Linux in samples/, with what its IOMMU consumed and translated: the figures are those of the recordings. */
class DriverSamplesTest {
    private static DriverReplaySummary replay(String name, CacheConfiguration caches) {
        try (DriverReplay replay = new DriverReplay(JoinedTrace.in(Path.of("samples", name)), caches)) {
            return replay.run(ProgressListener.NONE);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-ftrace-strict, 23209, 5582, 11313, 77376",
        "smmuv3-ftrace-lazy, 23836, 6051, 454, 83417",
        "vtd-ftrace-strict, 29422, 5763, 11662, 101918"
    })
    void shouldTranslateEveryAccessAsRecorded(String name, long maps, long unmaps, long commands, long accesses) {
        DriverReplaySummary s = replay(name, CacheConfiguration.standard());

        assertThat(s.of(Kind.MAP)).isEqualTo(maps);
        assertThat(s.of(Kind.UNMAP)).isEqualTo(unmaps);
        assertThat(s.of(Kind.COMMAND)).isEqualTo(commands);
        assertThat(s.addresses().differences()).isEmpty();
        assertThat(s.addresses().agreed()).isEqualTo(accesses);
        assertThat(s.addresses().byRule()).isEmpty();
        assertThat(s.calls().isComplete()).isTrue();
        assertThat(s.fieldsKnown()).isTrue();
    }

    /** All but those of interrupt remapping: 66 iec with their waits, of which one is of boot. */
    @ParameterizedTest
    @CsvSource({"smmuv3-ftrace-strict, 11313, 0", "smmuv3-ftrace-lazy, 454, 0", "vtd-ftrace-strict, 11532, 130"})
    void shouldSendEveryCommandAsRecorded(String name, long commands, long untold) {
        DriverReplaySummary s = replay(name, CacheConfiguration.standard());

        assertThat(s.commands().differences()).isEmpty();
        assertThat(s.commands().agreed()).isEqualTo(commands);
        assertThat(s.untold()).isEqualTo(untold);
        assertThat(s.agrees()).isTrue();
    }

    /** In the order in which domains were made by either. */
    @Test
    void shouldPairDomains() {
        assertThat(replay("smmuv3-ftrace-strict", CacheConfiguration.standard()).domains())
                .isEqualTo(Map.of(1, 1, 2, 2, 3, 3, 4, 4));
        assertThat(replay("vtd-ftrace-strict", CacheConfiguration.standard())
                        .domains()
                        .keySet())
                .containsExactlyInAnyOrder(3, 4, 5);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3-ftrace-strict, 5582", "vtd-ftrace-strict, 5763"})
    void shouldSendTheBatchOfEveryUnmapAsRecorded(String name, long unmaps) {
        DriverReplaySummary s = replay(name, CacheConfiguration.standard());

        assertThat(s.unmaps()).isEqualTo(unmaps);
        assertThat(s.exactUnmaps()).isEqualTo(unmaps);
    }

    @Test
    void shouldFlushAsRecorded() {
        DriverReplaySummary s = replay("smmuv3-ftrace-lazy", CacheConfiguration.standard());

        assertThat(s.flushes()).isEqualTo(new FlushFigures(1, 88, 115, 3, 0, 170, 21_103));
    }

    @Test
    void shouldTranslateAsRecordedWhateverTheCaches() {
        DriverReplaySummary s = replay("smmuv3-ftrace-lazy", CacheConfiguration.none());

        assertThat(s.addresses()).hasToString("83417 of 83417");
    }
}
