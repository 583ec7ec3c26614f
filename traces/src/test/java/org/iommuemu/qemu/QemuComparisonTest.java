// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random programs on this model and on QEMU. {@code -Dqemu.programs} says how many of each machine, {@code -Dqemu.seed} from which seed
 * on. Needs qemu-system-aarch64 and qemu-system-x86_64.
 */
@Tag("qemu")
@Timeout(1800)
class QemuComparisonTest {
    private static final int PROGRAMS = Integer.getInteger("qemu.programs", 50);
    private static final long SEED = Long.getLong("qemu.seed", 1);
    private static final int SHOWN = 20;

    @TempDir
    Path folder = Path.of("");

    @Test
    void shouldTranslateAndRecordAsAnSmmuv3OfQemu() throws IOException {
        Comparison comparison = new Comparison();
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            compare(new SmmuGenerator(seed).generate(), new SmmuQuirks(), comparison);
        }

        report(Target.SMMUV3, comparison);
    }

    @Test
    void shouldTranslateAndRecordAsVtdOfQemuInLegacyMode() throws IOException {
        Comparison comparison = new Comparison();
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            compare(new VtdGenerator(seed, false).generate(), new VtdQuirks(false), comparison);
        }

        report(Target.VTD, comparison);
    }

    @Test
    void shouldTranslateAndRecordAsVtdOfQemuInScalableMode() throws IOException {
        Comparison comparison = new Comparison();
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            compare(new VtdGenerator(seed, true).generate(), new VtdQuirks(true), comparison);
        }

        report(Target.VTD_SCALABLE, comparison);
    }

    private void compare(Program program, Quirks quirks, Comparison comparison) throws IOException {
        try (Qemu qemu = new Qemu(program.target(), folder);
                Model model = new Model(program.target(), qemu)) {
            List<Program.Seen> theirs = program.run(qemu);
            List<Program.Seen> ours = program.run(model);
            comparison.add(program, quirks, ours, theirs);
        }
    }

    private static void report(Target target, Comparison comparison) {
        System.out.println(target + ": " + comparison.text());
        comparison.unexplained().stream().limit(SHOWN).forEach(System.out::println);
        assertThat(comparison.dmas()).isGreaterThan(PROGRAMS);
        assertThat(comparison.unexplained().size()).isZero();
    }
}
