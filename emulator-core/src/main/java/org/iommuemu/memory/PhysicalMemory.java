// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.openhft.chronicle.bytes.BytesStore;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Sparse 52-bit physical memory, little-endian, off-heap.
 *
 * <p>Untouched memory reads as zero and costs nothing; the first write to a 4 KiB page takes a page from a slab. Slabs are
 * allocated by Chronicle Bytes, which checks no bounds, and are therefore reached only through Agrona buffers that do.
 *
 * <p>An agent on the bus (the IOMMU's walker, a queue, a device) first asks {@link #answers(long, int)}; {@code false} is an
 * external abort. The accessors themselves never fail: an address above 52 bits is cut to 52, as if the bus had no more
 * wires. Loaders and tests use them directly.
 *
 * <p>Footprint: 4 KiB off-heap for each page touched (in slabs of 1 MiB) plus 9 to 288 bytes of heap, the less the closer pages are. Not thread-safe.
 */
public final class PhysicalMemory implements AutoCloseable {
    /** Width of a physical address. */
    public static final int ADDRESS_BITS = 52;

    /** log2 of the page size in bytes. */
    public static final int PAGE_SHIFT = 12;

    /** Page size in bytes. */
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;

    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    private static final int OFFSET_MASK = PAGE_BYTES - 1;
    private static final int SLAB_PAGE_SHIFT = 8;
    private static final int SLAB_PAGES = 1 << SLAB_PAGE_SHIFT;
    private static final int READ_ONLY = 1 << 30;
    private static final int SLOT_MASK = READ_ONLY - 1;
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private final FrameTable frames = new FrameTable();
    private final List<BytesStore<?, Void>> stores = new ArrayList<>();
    private final List<MemoryImage> images = new ArrayList<>();
    private final RangeMap ranges = new RangeMap();
    private UnsafeBuffer[] slabs = new UnsafeBuffer[0];
    private int openSlab = -1;
    private int openSlabUsed = SLAB_PAGES;
    private int pagesAllocated;
    private long accessesToFailure;
    private boolean restricted;
    private @Nullable AccessGuard guard;
    private WriteWatch @Nullable [] watches;

    /**
     * Whether an access would be answered with data rather than with an external abort.
     *
     * @param address physical address of the first byte
     * @param length bytes, at least 1
     */
    public boolean answers(long address, int length) {
        long last = address + length - 1;
        if ((address | last) >>> ADDRESS_BITS != 0) {
            return false;
        }
        return !restricted || restricted(address, length) == RangeState.PRESENT;
    }

    /**
     * What answers an access, where it makes a difference whether data are bad or absent.
     *
     * @param address physical address of the first byte
     * @param length bytes, at least 1
     */
    public RangeState answer(long address, int length) {
        if ((address | address + length - 1) >>> ADDRESS_BITS != 0) {
            return RangeState.ABSENT;
        }
        return restricted ? restricted(address, length) : RangeState.PRESENT;
    }

    private RangeState restricted(long address, int length) {
        if (accessesToFailure > 0 && --accessesToFailure == 0) {
            return RangeState.ABSENT;
        }
        RangeState state = ranges.worst(address, address + length - 1);
        return guard == null || state != RangeState.PRESENT ? state : guard.answer(address, length);
    }

    /** Lets somebody decide over each access to memory that is present, before it is made; null for nobody. */
    public void guard(@Nullable AccessGuard by) {
        guard = by;
        restrict();
    }

    private void restrict() {
        restricted = accessesToFailure > 0 || guard != null || !ranges.isAllPresent();
    }

    /**
     * Lets one access fail, whatever its address: the {@code n}th one asked for by {@link #answers} from now on.
     *
     * @param n from 1
     */
    public void failNth(long n) {
        accessesToFailure = n;
        restricted = true;
    }

    /** Whether the access that {@link #failNth} named is still to come. */
    public boolean isFailurePending() {
        return accessesToFailure > 0;
    }

    /** The state of the range that holds {@code address}. */
    public RangeState stateAt(long address) {
        return ranges.worst(address & ADDRESS_MASK, address & ADDRESS_MASK);
    }

    /**
     * Puts a range of addresses into a state; the content is kept.
     *
     * @throws IllegalArgumentException if the range is empty or leaves the 52-bit address space
     */
    public void mark(long address, long length, RangeState state) {
        if (address < 0 || length <= 0 || length > (1L << ADDRESS_BITS) - address) {
            throw new IllegalArgumentException("range 0x" + Long.toHexString(address) + " + 0x"
                    + Long.toHexString(length) + " is not within " + ADDRESS_BITS + " bits");
        }
        ranges.set(address, address + length, state);
        restrict();
    }

    /** Reads 8 bytes. */
    public long readLong(long address) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - 8) {
            return readInt(address) & 0xFFFF_FFFFL | (long) readInt(address + 4) << 32;
        }
        int slot = find(address);
        return slot < 0 ? 0 : slab(slot).getLong(within(slot, offset), LITTLE);
    }

    /** Writes 32 bytes, word after word. */
    public void writeLongs(long address, long word0, long word1, long word2, long word3) {
        int offset = (int) address & OFFSET_MASK;
        if (watches != null || offset > PAGE_BYTES - 4 * Long.BYTES) {
            writeLong(address, word0);
            writeLong(address + Long.BYTES, word1);
            writeLong(address + 2 * Long.BYTES, word2);
            writeLong(address + 3 * Long.BYTES, word3);
            return;
        }
        int slot = writable(address);
        UnsafeBuffer slab = slab(slot);
        int at = within(slot, offset);
        slab.putLong(at, word0, LITTLE);
        slab.putLong(at + Long.BYTES, word1, LITTLE);
        slab.putLong(at + 2 * Long.BYTES, word2, LITTLE);
        slab.putLong(at + 3 * Long.BYTES, word3, LITTLE);
    }

    /** Reads as many words of 8 bytes as there is room for. */
    public void readLongs(long address, long[] into) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - (into.length << 3)) {
            for (int i = 0; i < into.length; i++) {
                into[i] = readLong(address + ((long) i << 3));
            }
            return;
        }
        int slot = find(address);
        if (slot < 0) {
            Arrays.fill(into, 0);
            return;
        }
        UnsafeBuffer slab = slab(slot);
        int at = within(slot, offset);
        for (int i = 0; i < into.length; i++) {
            into[i] = slab.getLong(at + (i << 3), LITTLE);
        }
    }

    /** Writes 8 bytes. */
    public void writeLong(long address, long value) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - 8) {
            writeInt(address, (int) value);
            writeInt(address + 4, (int) (value >>> 32));
            return;
        }
        int slot = writable(address);
        if (watches != null) {
            announce(address, Long.BYTES);
        }
        slab(slot).putLong(within(slot, offset), value, LITTLE);
        if (watches != null) {
            tellWatches(address, Long.BYTES);
        }
    }

    /** Reads 4 bytes. */
    public int readInt(long address) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - 4) {
            return readShort(address) & 0xFFFF | readShort(address + 2) << 16;
        }
        int slot = find(address);
        return slot < 0 ? 0 : slab(slot).getInt(within(slot, offset), LITTLE);
    }

    /** Writes 4 bytes. */
    public void writeInt(long address, int value) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - 4) {
            writeShort(address, (short) value);
            writeShort(address + 2, (short) (value >>> 16));
            return;
        }
        int slot = writable(address);
        if (watches != null) {
            announce(address, Integer.BYTES);
        }
        slab(slot).putInt(within(slot, offset), value, LITTLE);
        if (watches != null) {
            tellWatches(address, Integer.BYTES);
        }
    }

    /** Reads 2 bytes. */
    public short readShort(long address) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - 2) {
            return (short) (readByte(address) & 0xFF | readByte(address + 1) << 8);
        }
        int slot = find(address);
        return slot < 0 ? 0 : slab(slot).getShort(within(slot, offset), LITTLE);
    }

    /** Writes 2 bytes. */
    public void writeShort(long address, short value) {
        int offset = (int) address & OFFSET_MASK;
        if (offset > PAGE_BYTES - 2) {
            writeByte(address, (byte) value);
            writeByte(address + 1, (byte) (value >>> 8));
            return;
        }
        int slot = writable(address);
        if (watches != null) {
            announce(address, Short.BYTES);
        }
        slab(slot).putShort(within(slot, offset), value, LITTLE);
        if (watches != null) {
            tellWatches(address, Short.BYTES);
        }
    }

    /** Reads one byte. */
    public byte readByte(long address) {
        int slot = find(address);
        return slot < 0 ? 0 : slab(slot).getByte(within(slot, (int) address & OFFSET_MASK));
    }

    /** Writes one byte. */
    public void writeByte(long address, byte value) {
        int slot = writable(address);
        if (watches != null) {
            announce(address, 1);
        }
        slab(slot).putByte(within(slot, (int) address & OFFSET_MASK), value);
        if (watches != null) {
            tellWatches(address, 1);
        }
    }

    /** Copies {@code length} bytes out of memory. */
    public void read(long address, byte[] destination, int at, int length) {
        for (int done = 0; done < length; ) {
            int offset = (int) (address + done) & OFFSET_MASK;
            int n = Math.min(length - done, PAGE_BYTES - offset);
            int slot = find(address + done);
            if (slot < 0) {
                Arrays.fill(destination, at + done, at + done + n, (byte) 0);
            } else {
                slab(slot).getBytes(within(slot, offset), destination, at + done, n);
            }
            done += n;
        }
    }

    /** Copies {@code length} bytes into memory. */
    public void write(long address, byte[] source, int at, int length) {
        if (watches != null && length > 0) {
            announce(address, length);
        }
        for (int done = 0; done < length; ) {
            int offset = (int) (address + done) & OFFSET_MASK;
            int n = Math.min(length - done, PAGE_BYTES - offset);
            int slot = writable(address + done);
            slab(slot).putBytes(within(slot, offset), source, at + done, n);
            done += n;
        }
        if (watches != null && length > 0) {
            tellWatches(address, length);
        }
    }

    /**
     * Replaces the 8 bytes at {@code address} (rounded down to a multiple of 8) if they equal {@code expected}, atomically.
     *
     * @return whether they did
     */
    public boolean compareAndSetLong(long address, long expected, long value) {
        int offset = (int) address & OFFSET_MASK & ~7;
        int slot = find(address);
        if (slot < 0 || (slot & READ_ONLY) != 0) {
            // Nobody else writes: a swap that fails must not take a page.
            if (readLong(address & ~7L) != expected) {
                return false;
            }
            slot = makeWritable(address, slot);
        }
        if (watches != null) {
            announce(address & ~7L, Long.BYTES);
        }
        int index = within(slot, offset);
        boolean swap = ByteOrder.nativeOrder() != LITTLE;
        boolean done = slab(slot)
                .compareAndSetLong(
                        index, swap ? Long.reverseBytes(expected) : expected, swap ? Long.reverseBytes(value) : value);
        if (done && watches != null) {
            tellWatches(address & ~7L, Long.BYTES);
        }
        return done;
    }

    /**
     * Puts the pages of a file under this memory: reads come from the file, the first write to a page copies it. Pages that
     * were written before keep what they hold. The memory closes the image when it is closed.
     */
    public void addImage(MemoryImage image) {
        images.add(image);
        int firstSlab = slabs.length;
        UnsafeBuffer[] windows = image.windows(SLAB_PAGES);
        slabs = Arrays.copyOf(slabs, firstSlab + windows.length);
        System.arraycopy(windows, 0, slabs, firstSlab, windows.length);
        for (int page = 0; page < image.pages(); page++) {
            long frame = image.address(page) >>> PAGE_SHIFT;
            if (frames.find(frame) == FrameTable.NONE) {
                frames.put(frame, (firstSlab << SLAB_PAGE_SHIFT) + page | READ_ONLY);
            }
        }
    }

    /** Shows every write from now on, software's and the machine's own, to one more watcher; {@link #close} ends it. */
    public void watchWrites(WriteWatch watch) {
        WriteWatch[] more = watches == null ? new WriteWatch[1] : Arrays.copyOf(watches, watches.length + 1);
        more[more.length - 1] = watch;
        watches = more;
    }

    private void announce(long address, int bytes) {
        if (watches != null) {
            for (WriteWatch w : watches) {
                w.writing(address & ADDRESS_MASK, bytes);
            }
        }
    }

    private void tellWatches(long address, int bytes) {
        if (watches != null) {
            for (WriteWatch w : watches) {
                w.written(address & ADDRESS_MASK, bytes);
            }
        }
    }

    /** Number of pages that have been written, or that an image provides. */
    public int pages() {
        return frames.size();
    }

    /** Bytes allocated off-heap: whole slabs, without the files of images. */
    public long bytesAllocated() {
        return (long) stores.size() * SLAB_PAGES * PAGE_BYTES;
    }

    /** Number of pages held in allocated slabs: those written, without the pages that only an image provides. */
    public int pagesAllocated() {
        return pagesAllocated;
    }

    /** Releases everything; the memory then is as new: all of it present, reading as zero. */
    @Override
    public void close() {
        frames.clear();
        slabs = new UnsafeBuffer[0];
        openSlab = -1;
        openSlabUsed = SLAB_PAGES;
        pagesAllocated = 0;
        stores.forEach(BytesStore::releaseLast);
        stores.clear();
        images.forEach(MemoryImage::close);
        images.clear();
        ranges.set(0, 1L << ADDRESS_BITS, RangeState.PRESENT);
        accessesToFailure = 0;
        guard = null;
        restricted = false;
        watches = null;
    }

    private int find(long address) {
        return frames.find((address & ADDRESS_MASK) >>> PAGE_SHIFT);
    }

    private UnsafeBuffer slab(int slot) {
        return slabs[(slot & SLOT_MASK) >>> SLAB_PAGE_SHIFT];
    }

    private static int within(int slot, int offset) {
        return (slot & SLAB_PAGES - 1) << PAGE_SHIFT | offset;
    }

    private int writable(long address) {
        int slot = find(address);
        return slot >= 0 && (slot & READ_ONLY) == 0 ? slot : makeWritable(address, slot);
    }

    private int makeWritable(long address, int imageSlot) {
        if (openSlabUsed == SLAB_PAGES) {
            openSlab();
        }
        int slot = (openSlab << SLAB_PAGE_SHIFT) + openSlabUsed++;
        pagesAllocated++;
        int start = within(slot, 0);
        if (imageSlot == FrameTable.NONE) {
            slab(slot).setMemory(start, PAGE_BYTES, (byte) 0);
        } else {
            slab(slot).putBytes(start, slab(imageSlot), within(imageSlot, 0), PAGE_BYTES);
        }
        frames.put((address & ADDRESS_MASK) >>> PAGE_SHIFT, slot);
        return slot;
    }

    private void openSlab() {
        BytesStore<?, Void> store = BytesStore.lazyNativeBytesStoreWithFixedCapacity((long) SLAB_PAGES * PAGE_BYTES);
        stores.add(store);
        openSlab = slabs.length;
        openSlabUsed = 0;
        slabs = Arrays.copyOf(slabs, slabs.length + 1);
        slabs[openSlab] = new UnsafeBuffer(store.addressForRead(0), SLAB_PAGES * PAGE_BYTES);
    }
}
