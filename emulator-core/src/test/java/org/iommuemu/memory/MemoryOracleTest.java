// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random programs on the memory and on a naive one, step by step. */
class MemoryOracleTest {
    private static final int STEPS = 10_000;
    private static final int PAGE = 4096;

    @TempDir
    Path folder;

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithAMapOfBytesAtEveryStep(long seed) throws IOException {
        try (PhysicalMemory memory = new PhysicalMemory()) {
            Program program = new Program(memory, seed);
            for (int step = 0; step < STEPS; step++) {
                if (step == STEPS / 3 || step == STEPS / 2) {
                    program.addImage(folder.resolve("image" + step));
                }
                program.step(step);
            }
        }
    }

    /** The two memories and the random choices. */
    private static final class Program {
        private final SplittableRandom random;
        private final PhysicalMemory memory;
        private final NaiveMemory naive = new NaiveMemory();
        /** Regions of eight pages; the last one runs over the end of the address space. */
        private final long[] regions;

        Program(PhysicalMemory memory, long seed) {
            this.memory = memory;
            random = new SplittableRandom(seed);
            regions = new long[] {0, random.nextLong(1L << 40) * PAGE, 1L << 32, (1L << 52) - 4 * PAGE};
        }

        void step(int number) {
            // Whether a page counts as written by a swap that failed is left open: no swaps before the last image.
            int choice = random.nextInt(number < STEPS / 2 ? 10 : 11);
            long address = address();
            String now = "step " + number + " choice " + choice + " at " + Long.toHexString(address);
            switch (choice) {
                case 0, 1, 2, 3 -> write(address, 1 << choice, random.nextLong());
                case 4, 5, 6, 7 -> {
                    int size = 1 << choice - 4;
                    assertThat(read(address, size)).as(now).isEqualTo(naive.number(address, size));
                }
                case 8 -> writeBulk(address);
                case 9 -> readBulk(address, now);
                default -> compareAndSet(address, now);
            }
        }

        /** Half the time where a page ends, and now and then with bits above the 52. */
        private long address() {
            long page = regions[random.nextInt(regions.length)] + random.nextInt(8) * (long) PAGE;
            long offset = random.nextBoolean() ? PAGE - random.nextInt(10) : random.nextInt(PAGE);
            long above = random.nextInt(8) == 0 ? random.nextLong() << 52 : 0;
            return page + offset + above;
        }

        private void write(long address, int size, long value) {
            switch (size) {
                case 1 -> memory.writeByte(address, (byte) value);
                case 2 -> memory.writeShort(address, (short) value);
                case 4 -> memory.writeInt(address, (int) value);
                default -> memory.writeLong(address, value);
            }
            naive.putNumber(address, size, value);
        }

        private long read(long address, int size) {
            return switch (size) {
                case 1 -> memory.readByte(address) & 0xFFL;
                case 2 -> memory.readShort(address) & 0xFFFFL;
                case 4 -> memory.readInt(address) & 0xFFFF_FFFFL;
                default -> memory.readLong(address);
            };
        }

        private void writeBulk(long address) {
            byte[] source = randomBytes(random.nextInt(3 * PAGE));
            int at = random.nextInt(source.length + 1);
            int length = random.nextInt(source.length - at + 1);
            memory.write(address, source, at, length);
            for (int i = 0; i < length; i++) {
                naive.put(address + i, source[at + i]);
            }
        }

        private void readBulk(long address, String now) {
            byte[] actual = randomBytes(random.nextInt(3 * PAGE));
            byte[] expected = actual.clone();
            int at = random.nextInt(actual.length + 1);
            int length = random.nextInt(actual.length - at + 1);
            memory.read(address, actual, at, length);
            for (int i = 0; i < length; i++) {
                expected[at + i] = naive.get(address + i);
            }
            assertThat(actual).as(now).isEqualTo(expected);
        }

        private void compareAndSet(long address, String now) {
            long aligned = address - Math.floorMod(address, 8L);
            long held = naive.number(aligned, 8);
            long expected = random.nextBoolean() ? held : held ^ 1L << random.nextInt(64);
            long value = random.nextLong();
            assertThat(memory.compareAndSetLong(address, expected, value))
                    .as(now)
                    .isEqualTo(held == expected);
            if (held == expected) {
                naive.putNumber(aligned, 8, value);
            }
        }

        /** Pages under all regions; those that were written keep what they hold. */
        void addImage(Path file) throws IOException {
            int pages = 4;
            byte[] content = randomBytes(pages * regions.length * PAGE);
            Files.write(file, content);
            long[] addresses = new long[pages * regions.length];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = regions[i / pages] + i % pages * (long) PAGE;
                if (!naive.hasWritten(addresses[i], PAGE)) {
                    for (int b = 0; b < PAGE; b++) {
                        naive.put(addresses[i] + b, content[i * PAGE + b]);
                    }
                }
            }
            memory.addImage(MemoryImage.map(file, addresses));
        }

        private byte[] randomBytes(int length) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            return bytes;
        }
    }
}
