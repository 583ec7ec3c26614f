// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Sparse guest memory: {@code memory.bin} holds pages one after another, {@code memory.json} says where each belongs.
 *
 * @param file the pages; exactly {@code addresses.length * pageSize} bytes
 * @param pageSize bytes of a page, a power of two of at least 4096
 * @param addresses physical address of each page in the file's order: distinct, aligned, below 2^52. Not a copy.
 */
public record MemoryPages(Path file, int pageSize, long[] addresses) {
    private static final int MIN_PAGE_BYTES = 4096;
    private static final int MAX_PAGE_BYTES = 1 << 30;

    /** First address that memory cannot have. */
    private static final long ADDRESS_LIMIT = 1L << 52;

    /**
     * Reads {@code memory.json} of a folder and checks it against {@code memory.bin}. The pages stay in the file.
     *
     * @throws InputException if either file is missing or wrong
     */
    public static MemoryPages read(Path folder) {
        final Path index = folder.resolve("memory.json");
        final JsonObject json = JsonObject.read(index);
        final int pageSize = (int) json.number("page_size", MIN_PAGE_BYTES, MAX_PAGE_BYTES);
        if (Integer.bitCount(pageSize) != 1) {
            throw json.wrong("page_size", "a power of two");
        }
        final long[] addresses = json.numbers("addresses");
        if (json.has("pages") && json.number("pages") != addresses.length) {
            throw json.wrong("pages", addresses.length + ", the number of addresses");
        }
        checkAddresses(index, pageSize, addresses);
        final Path file = folder.resolve("memory.bin");
        checkLength(file, pageSize, addresses.length);
        return new MemoryPages(file, pageSize, addresses);
    }

    private static void checkAddresses(Path index, int pageSize, long[] addresses) {
        for (int i = 0; i < addresses.length; i++) {
            final String place = "addresses[" + i + "] is 0x" + Long.toHexString(addresses[i]);
            if (Long.compareUnsigned(addresses[i], ADDRESS_LIMIT) >= 0) {
                throw new InputException(index, 0, place, "an address below 2^52");
            }
            if ((addresses[i] & pageSize - 1) != 0) {
                throw new InputException(index, 0, place, "a multiple of page_size, " + pageSize);
            }
        }
        final long[] sorted = addresses.clone();
        Arrays.sort(sorted);
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] == sorted[i - 1]) {
                throw new InputException(
                        index, 0, "0x" + Long.toHexString(sorted[i]) + " appears twice", "distinct addresses");
            }
        }
    }

    private static void checkLength(Path file, int pageSize, int pages) {
        final long expected = (long) pages * pageSize;
        final long actual;
        try {
            actual = Files.size(file);
        } catch (final IOException e) {
            throw new InputException(file, 0, "cannot be read", "a file of " + expected + " bytes");
        }
        if (actual != expected) {
            throw new InputException(
                    file,
                    0,
                    (actual < expected ? "truncated" : "too long") + ": has " + actual + " bytes",
                    expected + " bytes, " + pages + " pages of " + pageSize);
        }
    }
}
