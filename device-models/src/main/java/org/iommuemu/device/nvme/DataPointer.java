// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.Status;

/** Where a command's data lie in the host's memory: PRP entries and PRP lists (NVMe 1.4 §4.3), and the transfers there. */
final class DataPointer {
    private static final long DWORD = 3;
    private static final long QWORD = 7;

    private final HostMemory memory;
    private final int pageBytes;

    /**
     * Pages of the host.
     *
     * @param pageBytes of CC.MPS
     */
    DataPointer(HostMemory memory, int pageBytes) {
        this.memory = memory;
        this.pageBytes = pageBytes;
    }

    /** Addresses of the data of one command: the first may lie within a page, all others begin one. */
    final class Pages {
        private final int bytes;
        private final long[] entries;
        private int known;

        private Pages(int bytes, int entries) {
            this.bytes = bytes;
            this.entries = new long[entries];
        }

        private void add(long entry) {
            entries[known++] = entry;
        }

        private int from(int entry) {
            return entry == 0 ? 0 : (int) (pageBytes - offset(entries[0])) + (entry - 1) * pageBytes;
        }

        private int to(int entry) {
            return entry == entries.length - 1 ? bytes : from(entry + 1);
        }

        /** Writes data there; tells whether all could be sent. */
        void write(byte[] data, Consumer<Boolean> done) {
            Parts parts = new Parts(entries.length, done);
            for (int i = 0; i < entries.length; i++) {
                memory.write(entries[i], Arrays.copyOfRange(data, from(i), to(i)), parts);
            }
        }

        /** Reads data from there; tells whether all could be read. */
        void read(byte[] data, Consumer<Boolean> done) {
            Parts parts = new Parts(entries.length, done);
            for (int i = 0; i < entries.length; i++) {
                int at = from(i);
                byte[] part = new byte[to(i) - at];
                memory.read(entries[i], part, good -> {
                    System.arraycopy(part, 0, data, at, part.length);
                    parts.accept(good);
                });
            }
        }
    }

    private static final class Parts implements Consumer<Boolean> {
        private final Consumer<Boolean> done;
        private int left;
        private boolean allGood = true;

        Parts(int count, Consumer<Boolean> done) {
            left = count;
            this.done = done;
        }

        @Override
        public void accept(Boolean good) {
            allGood &= good;
            if (--left == 0) {
                done.accept(allGood);
            }
        }
    }

    private long offset(long address) {
        return address & pageBytes - 1;
    }

    /**
     * Finds the pages of a command's data.
     *
     * @param bytes at least 1
     * @param done takes the pages, of use with {@link Status#SUCCESS} only
     */
    void resolve(long prp1, long prp2, int bytes, BiConsumer<Status, Pages> done) {
        int first = (int) (pageBytes - offset(prp1));
        int further = bytes <= first ? 0 : (bytes - first + pageBytes - 1) / pageBytes;
        Pages pages = new Pages(bytes, 1 + further);
        if ((prp1 & DWORD) != 0) {
            done.accept(Status.PRP_OFFSET_INVALID, pages);
            return;
        }
        pages.add(prp1);
        if (further <= 1) {
            boolean bad = further == 1 && offset(prp2) != 0;
            if (further == 1) {
                pages.add(prp2);
            }
            done.accept(bad ? Status.PRP_OFFSET_INVALID : Status.SUCCESS, pages);
        } else if ((prp2 & QWORD) != 0) {
            done.accept(Status.PRP_OFFSET_INVALID, pages);
        } else {
            list(prp2, pages, done);
        }
    }

    /** Reads a list up to the end of its page, whose last entry leads on if more are needed: every further list holds more than one. */
    private void list(long address, Pages pages, BiConsumer<Status, Pages> done) {
        int room = (int) (pageBytes - offset(address)) / Long.BYTES;
        int missing = pages.entries.length - pages.known;
        boolean chained = missing > room;
        int count = chained ? room : missing;
        byte[] read = new byte[count * Long.BYTES];
        memory.read(address, read, good -> {
            if (!good) {
                done.accept(Status.DATA_TRANSFER_ERROR, pages);
                return;
            }
            long[] entries = WireWords.words(read, 0, count);
            for (long entry : entries) {
                if (offset(entry) != 0) {
                    done.accept(Status.PRP_OFFSET_INVALID, pages);
                    return;
                }
            }
            for (int i = 0; i < (chained ? count - 1 : count); i++) {
                pages.add(entries[i]);
            }
            if (chained) {
                list(entries[count - 1], pages, done);
            } else {
                done.accept(Status.SUCCESS, pages);
            }
        });
    }
}
