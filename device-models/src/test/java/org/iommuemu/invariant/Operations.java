// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

/** What programs are made of. */
final class Operations {
    private Operations() {}

    /** Software maps a page of 4 KiB to memory of its own. */
    record MapPage(int function, int pasid, int page, boolean writable) implements Operation {
        @Override
        public void run(World w) {
            w.software().map(function, pasid, w.iova(page), 12, writable);
        }
    }

    /** Software maps a page of 2 MiB. */
    record MapBlock(int function, int pasid, int page, boolean writable) implements Operation {
        @Override
        public void run(World w) {
            w.software().map(function, pasid, w.iova(page) & -(1L << 21), 21, writable);
        }
    }

    /** Software unmaps what an address is mapped by. */
    record Unmap(int function, int pasid, int page) implements Operation {
        @Override
        public void run(World w) {
            w.software().unmap(function, pasid, w.iova(page));
        }
    }

    /** Software unmaps pages of 4 KiB, in one call. */
    record UnmapPages(int function, int pasid, int page, int count) implements Operation {
        @Override
        public void run(World w) {
            w.software().unmapPages(function, pasid, w.iova(page), count);
        }
    }

    /** Software changes permissions: unmaps, and maps the same memory again. */
    record Protect(int function, int pasid, int page) implements Operation {
        @Override
        public void run(World w) {
            w.software().protect(function, pasid, w.iova(page));
        }
    }

    /** A device reads. */
    record Read(int function, int pasid, int page, int offset, int bytes) implements Operation {
        @Override
        public void run(World w) {
            w.devices().read(function, pasid, w.iova(page) + offset, bytes);
        }
    }

    /** A device writes words. */
    record Write(int function, int pasid, int page, int word, int words) implements Operation {
        @Override
        public void run(World w) {
            w.devices().write(function, pasid, w.iova(page) + 8L * word, 8 * words);
        }
    }

    /** A device swaps a word, by an AtomicOp. */
    record Swap(int function, int pasid, int page, int word) implements Operation {
        @Override
        public void run(World w) {
            w.devices().swap(function, pasid, w.iova(page) + 8L * word);
        }
    }

    /** Time goes by. */
    record Wait(int nanoseconds) implements Operation {
        @Override
        public void run(World w) {
            w.pass(nanoseconds);
        }
    }

    /** Function-level reset, and what software does to bring the function back. */
    record Reset(int function) implements Operation {
        @Override
        public void run(World w) {
            w.software().reset(function);
        }
    }

    /** Software takes fault records. */
    record TakeFaults() implements Operation {
        @Override
        public void run(World w) {
            w.software().takeFaults();
        }
    }

    /** A device writes a word again and again without a break. */
    record Storm(int function, int pasid, int page, int count) implements Operation {
        @Override
        public void run(World w) {
            for (int i = 0; i < count; i++) {
                w.devices().write(function, pasid, w.iova(page), Long.BYTES);
            }
        }
    }

    /** Software lets a function use ATS. */
    record EnableAts(int function) implements Operation {
        @Override
        public void run(World w) {
            w.software().enableAts(function);
        }
    }

    /** Software takes ATS away from a function, and PRI with it. */
    record DisableAts(int function) implements Operation {
        @Override
        public void run(World w) {
            w.software().disableAts(function);
        }
    }

    /** Software lets a function request pages. */
    record EnablePageRequests(int function) implements Operation {
        @Override
        public void run(World w) {
            w.software().enablePageRequests(function);
        }
    }

    /** Software brings pages in that are asked for from now on, or does not. */
    record ServePages(boolean on) implements Operation {
        @Override
        public void run(World w) {
            w.software().servePages(on);
        }
    }

    /** A function stops using a PASID, with a Stop Marker or without, and software takes it away. */
    record Unbind(int function, int pasid, boolean marker) implements Operation {
        @Override
        public void run(World w) {
            w.software().unbind(function, pasid, marker);
        }
    }
}
