// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of lint rules that readers get is the one that the code has. */
class LintTableTest {
    @Test
    void shouldDocumentExactlyTheRulesThereAre() throws IOException {
        List<String> rows = Files.readAllLines(document()).stream()
                .dropWhile(line -> !line.startsWith("| rule | field | what is wrong"))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();

        List<String> rules = Arrays.stream(SmmuLintRule.values())
                .map(r -> "| `" + r.id() + "` | " + r.field() + " | " + r.text() + " | " + r.section() + " |")
                .toList();
        assertThat(rows).isEqualTo(rules);
    }

    @Test
    void shouldNameRulesAsWords() {
        assertThat(SmmuLintRule.STE_S2HD_WITHOUT_S2HA.id()).isEqualTo("ste-s2hd-without-s2ha");
        assertThat(SmmuLintRule.values()).allSatisfy(r -> {
            assertThat(r.text()).doesNotEndWith(".").isNotBlank();
            assertThat(r.section()).matches("(IHI 0070|DDI 0487) §.+");
        });
    }

    /** Maven starts tests in the module, most editors in the root. */
    private static Path document() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/smmuv3.md"))) {
            folder = folder.getParent();
            assertThat(folder).as("a parent folder that holds docs/smmuv3.md").isNotNull();
        }
        return folder.resolve("docs/smmuv3.md");
    }
}
