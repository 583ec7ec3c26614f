// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.lint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.iommu.LintRule;
import org.iommuemu.smmuv3.lint.SmmuLintRule;
import org.iommuemu.vtd.lint.VtdLintRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The tables of rules in the documentation are those of the code. */
class LintTableTest {
    static Stream<Arguments> architectures() {
        return Stream.of(
                arguments("smmuv3.md", List.of(SmmuLintRule.values()), "(IHI 0070|DDI 0487) §.+"),
                arguments("vtd.md", List.of(VtdLintRule.values()), "VT-d \\d.*"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("architectures")
    void shouldDocumentExactlyTheRulesThereAre(String document, List<LintRule> rules) throws IOException {
        List<String> rows = Files.readAllLines(docs().resolve(document)).stream()
                .dropWhile(line -> !line.startsWith("| rule | field | what is wrong"))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();

        assertThat(rows)
                .isEqualTo(rules.stream()
                        .map(r -> "| `" + r.id() + "` | " + r.field() + " | " + r.text() + " | " + r.section() + " |")
                        .toList());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("architectures")
    void shouldSayWhatIsWrongAndWhereThatIsWritten(String document, List<LintRule> rules, String section) {
        assertThat(rules).as(document).allSatisfy(r -> {
            assertThat(r.text()).doesNotEndWith(".").isNotBlank();
            assertThat(r.section()).matches(section);
        });
    }

    @Test
    void shouldNameRulesAsWords() {
        assertThat(SmmuLintRule.STE_S2HD_WITHOUT_S2HA.id()).isEqualTo("ste-s2hd-without-s2ha");
        assertThat(VtdLintRule.TE_WITHOUT_ROOT.id()).isEqualTo("te-without-root");
    }

    /** Maven starts tests in the module, most editors in the root. */
    private static Path docs() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/smmuv3.md"))) {
            folder = folder.getParent();
            assertThat(folder).as("a parent folder that holds docs/smmuv3.md").isNotNull();
        }
        return folder.resolve("docs");
    }
}
