// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;

/** Traces for tests, and what came of them. */
final class TraceFiles {
    private TraceFiles() {}

    static Path make(Path folder, TracePattern pattern, int tenants, long records) throws IOException {
        Path file = folder.resolve("t");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            pattern.write(new TracePattern.Parameters(tenants, records, 1), out);
        }
        return file;
    }

    static Path csv(Path folder, String... rows) throws IOException {
        Path file = folder.resolve("t.csv");
        Files.writeString(
                file,
                "time_ps,kind,stream,pasid,iova,length,attributes,page_shift,address,group\n"
                        + String.join("\n", rows)
                        + "\n");
        return file;
    }

    /** Settings with an IOTLB of 2,048 entries, and values by key. */
    static Settings settings(String... keysAndValues) {
        Settings all = Presets.NOTHING.with(Parameter.IOTLB_ENTRIES, "2048");
        for (int i = 0; i < keysAndValues.length; i += 2) {
            all = all.with(Objects.requireNonNull(Parameter.of(keysAndValues[i])), keysAndValues[i + 1]);
        }
        return all;
    }

    static CacheFigures cache(TraceReplaySummary s, String name) {
        return s.machine().caches().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
