// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random programs on this model and on QEMU. {@code -Dqemu.programs} says how many of each machine, {@code -Dqemu.seed} from which seed
 * on. The first programs with a difference that nothing explains are made smaller and written to target/qemu-*.jsonl as scenarios, with
 * QEMU's outcomes as what is expected. Needs qemu-system-aarch64 and qemu-system-x86_64.
 */
@Tag("qemu")
@Timeout(1800)
class QemuComparisonTest {
    private static final int PROGRAMS = Integer.getInteger("qemu.programs", 50);
    private static final long SEED = Long.getLong("qemu.seed", 1);
    private static final int SHOWN = 20;
    private static final int SHRUNK = 3;

    @TempDir
    Path folder = Path.of("");

    @Test
    void shouldTranslateAndRecordAsAnSmmuv3OfQemu() throws IOException {
        run(Target.SMMUV3, seed -> new SmmuGenerator(seed).generate(), new SmmuQuirks());
    }

    @Test
    void shouldTranslateAndRecordAsVtdOfQemuInLegacyMode() throws IOException {
        run(Target.VTD, seed -> new VtdGenerator(seed, false).generate(), new VtdQuirks(false));
    }

    @Test
    void shouldTranslateAndRecordAsVtdOfQemuInScalableMode() throws IOException {
        run(Target.VTD_SCALABLE, seed -> new VtdGenerator(seed, true).generate(), new VtdQuirks(true));
    }

    private void run(Target target, LongFunction<Program> programs, Quirks quirks) throws IOException {
        Comparison comparison = new Comparison();
        StringBuilder scenarios = new StringBuilder();
        int shrunk = 0;
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            Program program = programs.apply(seed);
            boolean differs = compare(program, quirks, comparison, null) > 0;
            if (differs && shrunk++ < SHRUNK) {
                Program small = Shrinker.shrink(program, p -> compare(p, quirks, new Comparison(), null) > 0);
                compare(small, quirks, new Comparison(), scenarios);
            }
        }
        System.out.println(target + ": " + comparison.text());
        comparison.unexplained().stream().limit(SHOWN).forEach(System.out::println);
        Path file = Path.of("target", "qemu-" + target + ".jsonl");
        Files.writeString(file, scenarios);
        assertThat(comparison.dmas()).isGreaterThan(PROGRAMS);
        assertThat(comparison.unexplained().size())
                .as("unexplained differences; the first programs are in %s", file)
                .isZero();
    }

    private int compare(Program program, Quirks quirks, Comparison comparison, @Nullable StringBuilder scenarios) {
        try (Qemu qemu = new Qemu(program.target(), folder);
                Model model = new Model(program.target(), qemu)) {
            List<Program.Seen> theirs = program.run(qemu);
            List<Program.Seen> ours = program.run(model);
            if (scenarios != null) {
                scenarios.append(ScenarioText.of(program, theirs, qemu));
            }
            return comparison.add(program, quirks, ours, theirs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
