// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.iommuemu.capture.InputException;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A trace file and settings in, figures out. */
class TraceRunTest {
    private static final Settings SMALL =
            Presets.NOTHING.with(Parameter.IOTLB_ENTRIES, "8").with(Parameter.IOTLB_WAYS, "0");
    private static final MeasureWindow ALL = new MeasureWindow(0, 0, MeasureWindow.ALL);

    @TempDir
    private Path temp;

    private Path file = Path.of("");

    @BeforeEach
    void writeTrace() throws IOException {
        file = temp.resolve("t");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            TracePattern.UNIFORM.write(new TracePattern.Parameters(2, 3000, 7), out);
        }
    }

    private static CacheFigures iotlb(TraceRun.Result result) {
        return result.summary().machine().caches().stream()
                .filter(c -> c.name().equals("iotlb"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldTakeTheCachesOfTheSettingsWithoutTime() {
        TraceRun run = TraceRun.functional(file, SMALL);

        TraceRun.Result result = run.run(ProgressListener.NONE);

        assertThat(result.timing()).isNull();
        assertThat(result.summary().dma()).isEqualTo(3000);
        assertThat(iotlb(result).entries()).isEqualTo(8);
        assertThat(iotlb(result).lookups()).isEqualTo(3000);
    }

    @Test
    void shouldGiveTheSameResultAgain() {
        TraceRun run = TraceRun.timed(file, SMALL, new TraceRun.Timing(4, ALL, null));

        TimingReport first =
                Objects.requireNonNull(run.run(ProgressListener.NONE).timing());
        TimingReport second =
                Objects.requireNonNull(run.run(ProgressListener.NONE).timing());

        assertThat(first.transactions()).isEqualTo(3000);
        assertThat(second.caches()).isEqualTo(first.caches());
        assertThat(second.latencies().all().histogram())
                .isEqualTo(first.latencies().all().histogram());
    }

    @Test
    void shouldNameATraceThatIsNotThere() {
        TraceRun run = TraceRun.functional(temp.resolve("none"), SMALL);

        assertThatThrownBy(() -> run.run(ProgressListener.NONE))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("none");
    }
}
