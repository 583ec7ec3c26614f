// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryImageTest {
    private static final int PAGE = 4096;
    private static final long HIGH = 0x000F_FFFF_FFFF_F000L;

    @TempDir
    Path folder;

    private final PhysicalMemory memory = new PhysicalMemory();

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldPutEachPageOfTheFileAtItsAddress() throws IOException {
        byte[] content = content(3);

        memory.addImage(MemoryImage.map(file(content), HIGH, 0, 0x8000_0000L));

        assertThat(page(HIGH)).isEqualTo(slice(content, 0));
        assertThat(page(0)).isEqualTo(slice(content, 1));
        assertThat(page(0x8000_0000L)).isEqualTo(slice(content, 2));
        assertThat(memory.readLong(0x1000)).isZero();
        assertThat(memory.pages()).isEqualTo(3);
    }

    @Test
    void shouldAllocateNothingForPagesThatAreOnlyRead() throws IOException {
        memory.addImage(MemoryImage.map(file(content(2)), 0, 0x1000));

        page(0);
        page(0x1000);

        assertThat(memory.bytesAllocated()).isZero();
        assertThat(memory.pagesAllocated()).isZero();
    }

    @Test
    void shouldCopyAPageWhenItIsFirstWritten() throws IOException {
        byte[] content = content(2);
        memory.addImage(MemoryImage.map(file(content), 0x4000, 0x5000));

        memory.writeByte(0x4123, (byte) ~content[0x123]);

        byte[] expected = slice(content, 0);
        expected[0x123] = (byte) ~expected[0x123];
        assertThat(page(0x4000)).isEqualTo(expected);
        assertThat(page(0x5000)).isEqualTo(slice(content, 1));
        assertThat(memory.pages()).isEqualTo(2);
        assertThat(memory.pagesAllocated()).isEqualTo(1);
    }

    @Test
    void shouldCopyAPageWhenAValueInItIsSwapped() throws IOException {
        byte[] content = new byte[PAGE];
        content[8] = 3;
        Path file = file(content);
        memory.addImage(MemoryImage.map(file, 0x4000));

        assertThat(memory.compareAndSetLong(0x4008, 3, 0x403)).isTrue();

        assertThat(memory.readLong(0x4008)).isEqualTo(0x403);
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
    }

    @Test
    void shouldNeverChangeTheFile() throws IOException {
        byte[] content = content(4);
        Path file = file(content);
        memory.addImage(MemoryImage.map(file, 0, 0x1000, 0x2000, 0x3000));

        memory.write(0x800, new byte[2 * PAGE], 0, 2 * PAGE);
        memory.writeLong(0x2FFC, -1);
        memory.close();

        assertThat(Files.readAllBytes(file)).isEqualTo(content);
    }

    @Test
    void shouldKeepPagesThatWereWrittenBeforeTheImageCame() throws IOException {
        byte[] content = content(2);
        memory.writeLong(0x1000, 99);

        memory.addImage(MemoryImage.map(file(content), 0, 0x1000));

        assertThat(memory.readLong(0x1000)).isEqualTo(99);
        assertThat(memory.readLong(0x1008)).isZero();
        assertThat(page(0)).isEqualTo(slice(content, 0));
    }

    @Test
    void shouldTakeNewPagesFromSlabsAfterAnImageCameBetween() throws IOException {
        byte[] content = content(1);
        memory.writeLong(0, 1);
        memory.addImage(MemoryImage.map(file(content), 0x1000));

        memory.writeLong(0x2000, 2);

        assertThat(memory.readLong(0)).isEqualTo(1);
        assertThat(memory.readLong(0x2000)).isEqualTo(2);
        assertThat(page(0x1000)).isEqualTo(slice(content, 0));
    }

    @Test
    void shouldServeAnImageOfManyWindows() throws IOException {
        int pages = 2 * 256 + 3;
        byte[] content = content(pages);
        long[] addresses = LongStream.range(0, pages)
                .map(p -> (pages - 1 - p) * 0x10_0000L)
                .toArray();

        memory.addImage(MemoryImage.map(file(content), addresses));

        for (int p = 0; p < pages; p++) {
            assertThat(page(addresses[p])).as("page %d", p).isEqualTo(slice(content, p));
        }
    }

    @Test
    void shouldServeTwoImages() throws IOException {
        byte[] first = content(1);
        byte[] second = new byte[PAGE];
        second[5] = 5;

        memory.addImage(MemoryImage.map(Files.write(folder.resolve("a"), first), 0));
        memory.addImage(MemoryImage.map(Files.write(folder.resolve("b"), second), 0x1000));

        assertThat(page(0)).isEqualTo(first);
        assertThat(page(0x1000)).isEqualTo(second);
    }

    @Test
    void shouldReadZeroAfterClose() throws IOException {
        memory.addImage(MemoryImage.map(file(content(1)), 0));

        memory.close();

        assertThat(page(0)).containsOnly(0);
        assertThat(memory.pages()).isZero();
    }

    @Test
    void shouldPassOverWhatLiesBehindThePages() throws IOException {
        byte[] content = content(2);

        memory.addImage(MemoryImage.map(file(content), 0x3000));

        assertThat(page(0x3000)).isEqualTo(slice(content, 0));
        assertThat(memory.pages()).isEqualTo(1);
    }

    @Test
    void shouldNameAFileThatIsTooShort() throws IOException {
        Path file = Files.write(folder.resolve("short"), new byte[2 * PAGE - 1]);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> MemoryImage.map(file, 0, 0x1000))
                .withMessageContaining("short")
                .withMessageContaining("8191")
                .withMessageContaining("8192");
    }

    @Test
    void shouldSayWhenThereIsNoSuchFile() {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> MemoryImage.map(folder.resolve("none"), 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 0xFFF, 0x1800, 1L << 52, -4096})
    void shouldRefuseWhatIsNotTheAddressOfAPage(long address) throws IOException {
        Path file = file(content(1));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemoryImage.map(file, address))
                .withMessageContaining(Long.toHexString(address));
    }

    private Path file(byte[] content) throws IOException {
        return Files.write(folder.resolve("image"), content);
    }

    private byte[] page(long address) {
        byte[] bytes = new byte[PAGE];
        memory.read(address, bytes, 0, PAGE);
        return bytes;
    }

    private static byte[] content(int pages) {
        byte[] bytes = new byte[pages * PAGE];
        new SplittableRandom(pages).nextBytes(bytes);
        return bytes;
    }

    private static byte[] slice(byte[] content, int page) {
        byte[] bytes = new byte[PAGE];
        System.arraycopy(content, page * PAGE, bytes, 0, PAGE);
        return bytes;
    }
}
