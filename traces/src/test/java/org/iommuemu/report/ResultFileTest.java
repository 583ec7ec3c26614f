// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.iommuemu.capture.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a result is written into. */
class ResultFileTest {
    @TempDir
    private Path temp;

    @Test
    void shouldKeepALinkAndWriteWhereItLeads() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("folder"));
        Path real = Files.writeString(folder.resolve("real"), "old");
        Path second = Files.createSymbolicLink(folder.resolve("second"), Path.of("real"));
        Path first = Files.createSymbolicLink(temp.resolve("first"), Path.of("folder/second"));
        Path dangling = Files.createSymbolicLink(temp.resolve("dangling"), Path.of("folder/new"));

        ResultFile.write(first, "text");
        ResultFile.write(dangling, "other");

        assertThat(first).isSymbolicLink();
        assertThat(second).isSymbolicLink();
        assertThat(real).isRegularFile().hasContent("text");
        assertThat(dangling).isSymbolicLink();
        assertThat(folder.resolve("new")).isRegularFile().hasContent("other");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).hasSize(3);
        }
    }

    @Test
    void shouldRefuseLinksThatLeadNowhere() throws IOException {
        Path loop = Files.createSymbolicLink(temp.resolve("loop"), Path.of("loop"));
        Path lost = Files.createSymbolicLink(temp.resolve("lost"), Path.of("none/file"));

        assertThatThrownBy(() -> ResultFile.write(loop, "text"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(loop + ": cannot be written");
        assertThatThrownBy(() -> ResultFile.write(lost, "text"))
                .isInstanceOf(InputException.class)
                .hasMessageEndingWith("none: does not exist; expected a folder to write file into");
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldWriteIntoAPipe() throws Exception {
        Path pipe = temp.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> ResultFile.write(pipe, "text"));

        assertThat(Files.readString(pipe)).isEqualTo("text");

        writer.get(10, TimeUnit.SECONDS);
        assertThat(Files.isRegularFile(pipe)).isFalse();
        assertThat(pipe).exists();
    }

    @Test
    void shouldWriteIntoADevice() {
        Path device = Path.of("/dev/null");

        ResultFile.check(device);
        ResultFile.write(device, "text");

        assertThat(Files.isRegularFile(device)).isFalse();
        assertThat(device).exists();
    }

    @Test
    void shouldKnowOneFileByItsNames() throws IOException {
        Path file = temp.resolve("file");
        Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("file"));

        assertThat(ResultFile.same(file, temp.resolve("./file"))).isTrue();
        assertThat(ResultFile.same(file, link)).isTrue();
        assertThat(ResultFile.same(file, temp.resolve("other"))).isFalse();
    }
}
