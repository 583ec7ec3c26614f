// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PhysicalMemoryTest {
    private static final long END = 1L << 52;
    private static final long MIB = 1L << 20;
    private static final long TIB = 1L << 40;

    private final PhysicalMemory memory = new PhysicalMemory();

    @AfterEach
    void close() {
        memory.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0xFFC, 0xFFF, 0x8000_0000L, 0x000F_FFFF_FFFF_FFF8L})
    void shouldReadZeroWhereNothingWasWritten(long address) {
        byte[] bulk = {1, 2, 3, 4, 5, 6};
        memory.read(address, bulk, 1, 4);

        assertThat(memory.readLong(address)).isZero();
        assertThat(memory.readInt(address)).isZero();
        assertThat(memory.readShort(address)).isZero();
        assertThat(memory.readByte(address)).isZero();
        assertThat(bulk).containsExactly(1, 0, 0, 0, 0, 6);
    }

    @Test
    void shouldReadZeroAroundWhatWasWritten() {
        memory.writeByte(0x1800, (byte) 0xFF);

        assertThat(memory.readByte(0x17FF)).isZero();
        assertThat(memory.readByte(0x1801)).isZero();
        assertThat(memory.readLong(0x1000)).isZero();
    }

    @Test
    void shouldTakeNoMemoryForReads() {
        for (long page = 0; page < 1000; page++) {
            memory.readLong(page << 12);
        }

        assertThat(memory.pages()).isZero();
        assertThat(memory.bytesAllocated()).isZero();
    }

    @Test
    void shouldBeLittleEndian() {
        memory.writeLong(0x2000, 0x0807_0605_0403_0201L);

        byte[] bytes = new byte[8];
        memory.read(0x2000, bytes, 0, 8);
        assertThat(bytes).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(memory.readInt(0x2004)).isEqualTo(0x0807_0605);
        assertThat(memory.readShort(0x2002)).isEqualTo((short) 0x0403);
    }

    @Test
    void shouldKeepBothHalvesOfANumberThatCrossesAPage() {
        memory.writeLong(0x2FFD, 0xF8F7_F6F5_F4F3_F2F1L);

        assertThat(memory.readLong(0x2FFD)).isEqualTo(0xF8F7_F6F5_F4F3_F2F1L);
        assertThat(memory.readByte(0x2FFF)).isEqualTo((byte) 0xF3);
        assertThat(memory.readInt(0x3001)).isEqualTo(0xF8F7_F6F5);
        assertThat(memory.pages()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {END, -END, Long.MIN_VALUE, 0x7FF0_0000_0000_0000L})
    void shouldCutAddressesTo52Bits(long above) {
        memory.writeLong(above | 0x4000, 42);

        assertThat(memory.readLong(0x4000)).isEqualTo(42);
        assertThat(memory.readLong(END | 0x4000)).isEqualTo(42);
        assertThat(memory.pages()).isEqualTo(1);
    }

    @Test
    void shouldGoOnAtZeroBehindTheLastAddress() {
        memory.writeLong(END - 4, 0x1111_2222_3333_4444L);

        assertThat(memory.readInt(0)).isEqualTo(0x1111_2222);
        assertThat(memory.readInt(END - 4)).isEqualTo(0x3333_4444);
    }

    @Test
    void shouldSwapOnlyWhenTheValueIsTheExpectedOne() {
        memory.writeLong(0x5008, 7);

        assertThat(memory.compareAndSetLong(0x5008, 8, 9)).isFalse();
        assertThat(memory.readLong(0x5008)).isEqualTo(7);
        assertThat(memory.compareAndSetLong(0x5008, 7, 9)).isTrue();
        assertThat(memory.readLong(0x5008)).isEqualTo(9);
    }

    @Test
    void shouldSwapInUntouchedMemoryAsInZero() {
        assertThat(memory.compareAndSetLong(0x6000, 0, 1L << 10)).isTrue();

        assertThat(memory.readLong(0x6000)).isEqualTo(1L << 10);
    }

    @Test
    void shouldRoundTheAddressOfASwapDown() {
        assertThat(memory.compareAndSetLong(0x7FFF, 0, 5)).isTrue();

        assertThat(memory.readLong(0x7FF8)).isEqualTo(5);
        assertThat(memory.pages()).isEqualTo(1);
    }

    @Test
    void shouldTakeMemoryInProportionToThePagesTouched() {
        int pages = 65_536;
        long stride = TIB / pages;
        for (int i = 0; i < pages; i++) {
            memory.writeLong(i * stride + 8L * (i & 511), i + 1L);
        }

        assertThat(memory.pages()).isEqualTo(pages);
        assertThat(memory.pagesAllocated()).isEqualTo(pages);
        assertThat(memory.bytesAllocated()).isBetween(pages * 4096L, pages * 4096L + MIB);
        for (int i = 0; i < pages; i++) {
            if (memory.readLong(i * stride + 8L * (i & 511)) != i + 1L) {
                assertThat(i).as("page that lost its content").isNegative();
            }
        }
    }

    @Test
    void shouldAllocateASlabOfOneMebibyteAtATime() {
        memory.writeByte(0, (byte) 1);
        assertThat(memory.bytesAllocated()).isEqualTo(MIB);

        for (long page = 0; page < 257; page++) {
            memory.writeByte(page << 12, (byte) 1);
        }
        assertThat(memory.bytesAllocated()).isEqualTo(2 * MIB);
    }

    @Test
    void shouldTakeNoMoreMemoryWhenAPageIsWrittenAgain() {
        for (int i = 0; i < 4096; i++) {
            memory.writeByte(0x9000 + i, (byte) i);
        }

        assertThat(memory.pages()).isEqualTo(1);
        assertThat(memory.pagesAllocated()).isEqualTo(1);
    }

    @Test
    void shouldReadZeroAfterCloseAndBeUsableAgain() {
        memory.writeLong(0xA000, 1);
        memory.writeLong(0xB000, 2);

        memory.close();

        assertThat(memory.readLong(0xA000)).isZero();
        assertThat(memory.pages()).isZero();
        assertThat(memory.pagesAllocated()).isZero();
        assertThat(memory.bytesAllocated()).isZero();
        memory.writeInt(0xA004, 3);
        assertThat(memory.readLong(0xA000)).isEqualTo(3L << 32);
        assertThat(memory.readLong(0xB000)).isZero();
        assertThat(memory.pagesAllocated()).isEqualTo(1);
    }

    @Test
    void shouldGiveAPageThatWasUsedBeforeCloseOutAsZeroes() {
        byte[] full = new byte[4096];
        Arrays.fill(full, (byte) 0xAA);
        for (int i = 0; i < 300; i++) {
            memory.write(i << 12, full, 0, full.length);
        }
        memory.close();

        memory.writeByte(0, (byte) 1);

        byte[] page = new byte[4096];
        memory.read(0, page, 0, page.length);
        byte[] expected = new byte[4096];
        expected[0] = 1;
        assertThat(page).isEqualTo(expected);
    }

    @Test
    void shouldAllocateNothingForReadsAndWritesOfPagesInUse() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        work(1_000_000);
        long before = threads.getCurrentThreadAllocatedBytes();

        work(1_000_000);

        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4096);
    }

    private void work(int accesses) {
        long x = 1;
        for (int i = 0; i < accesses; i++) {
            x = x * 6364136223846793005L + 1442695040888963407L;
            long address = x >>> 46;
            memory.writeLong(address, memory.readLong(x >>> 40 & 0x3FFFF) + 1);
        }
    }
}
