// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every module's sources owe to their reader. */
class SourceTreeTest {
    @Test
    void shouldDescribeEveryPackage() {
        final List<Path> undescribed = mainSources()
                .map(Path::getParent)
                .distinct()
                .filter(folder -> !Files.exists(folder.resolve("package-info.java")))
                .toList();

        assertThat(undescribed).as("packages without a package-info.java").isEmpty();
    }

    private static Stream<Path> mainSources() {
        final Path root = root();
        try (Stream<Path> modules = Files.list(root)) {
            final List<Path> sourceTrees = modules.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .toList();
            assertThat(sourceTrees).as("source trees under " + root).isNotEmpty();
            return sourceTrees.stream().flatMap(SourceTreeTest::javaFiles);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Path> javaFiles(final Path sourceTree) {
        try (Stream<Path> files = Files.walk(sourceTree)) {
            return files.filter(file -> file.toString().endsWith(".java")).sorted().toList().stream();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Maven starts tests in the module, most editors in the root: go up until the modules are in sight. */
    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("emulator-core"))) {
            folder = folder.getParent();
            assertThat(folder).as("a parent folder that holds emulator-core").isNotNull();
        }
        return folder;
    }
}
