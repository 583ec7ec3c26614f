// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of keys that readers get is the one that the code has. */
class ParameterTableTest {
    @Test
    void shouldDocumentExactlyTheParametersThereAre() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("../docs/timing-model.md")).stream()
                .dropWhile(line -> !line.startsWith("| key |"))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();

        assertThat(rows)
                .isEqualTo(Arrays.stream(Parameter.values())
                        .map(p -> "| `" + p.key() + "` | " + p.meaning() + " | " + p.legal() + " | " + p.usual() + " |")
                        .toList());
    }
}
