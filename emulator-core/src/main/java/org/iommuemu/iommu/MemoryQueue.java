// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * A circular queue in physical memory with a producer and a consumer index: the arithmetic, without the memory.
 *
 * <p>Either an index has one bit more than the queue's log2 size, the wrap bit: the queue is empty when the indexes are equal, full
 * when they differ in the wrap bit alone. Or it has none, and the queue is full when one entry is free. Indexes that say the queue holds more than it can are inconsistent: neither
 * {@link #isEmpty} nor {@link #isReadable}.
 */
public final class MemoryQueue {
    private final boolean wrapBit;
    private int entryShift;
    private long base;
    private int log2Entries;
    private int producer;
    private int consumer;
    private long produced;
    private long consumed;
    private int highWater;

    /**
     * An empty queue of one entry at address 0, whose indexes have a wrap bit.
     *
     * @param entryBytes size of an entry, a power of two
     */
    public MemoryQueue(int entryBytes) {
        this(entryBytes, true);
    }

    /**
     * An empty queue of one entry at address 0.
     *
     * @param entryBytes size of an entry, a power of two
     * @param wrapBit whether indexes have a wrap bit
     */
    public MemoryQueue(int entryBytes, boolean wrapBit) {
        this.wrapBit = wrapBit;
        if (Integer.bitCount(entryBytes) != 1) {
            throw new IllegalArgumentException("entry size " + entryBytes + " is not a power of two");
        }
        entryShift = Integer.numberOfTrailingZeros(entryBytes);
    }

    /**
     * Places the queue.
     *
     * @param address physical address of entry 0
     * @param log2 log2 of the number of entries, at most 20
     */
    public void place(long address, int log2) {
        log2Entries = log2;
        base = address;
        producer &= indexMask();
        consumer &= indexMask();
    }

    /** Places the queue where the base, aligned down to the queue's size and to 32 bytes, says (IHI 0070 §6.3.25). */
    public void placeAligned(long address, int log2) {
        place(address & -(1L << Math.max(5, entryShift + log2)), log2);
    }

    /**
     * Places the queue, with entries of another size.
     *
     * @param entryBytes size of an entry, a power of two
     */
    public void place(long address, int log2, int entryBytes) {
        entryShift = Integer.numberOfTrailingZeros(entryBytes);
        place(address, log2);
    }

    /** Where the queue starts. */
    public long base() {
        return base;
    }

    /** Number of entries it can hold. */
    public int capacity() {
        return 1 << log2Entries;
    }

    /** Index of the next entry to be written, wrap bit included. */
    public int producer() {
        return producer;
    }

    /** Index of the next entry to be read, wrap bit included. */
    public int consumer() {
        return consumer;
    }

    /** Sets the producer index; bits beyond the wrap bit are dropped. */
    public void producer(int index) {
        producer = index & indexMask();
        noteFill();
    }

    /** Sets the consumer index; bits beyond the wrap bit are dropped. */
    public void consumer(int index) {
        consumer = index & indexMask();
    }

    /** Number of entries held; more than {@link #capacity()} if the indexes are inconsistent. */
    public int size() {
        return producer - consumer & indexMask();
    }

    /** Whether it holds nothing. */
    public boolean isEmpty() {
        return producer == consumer;
    }

    /** Whether nothing more can be written; true too for inconsistent indexes. */
    public boolean isFull() {
        return size() >= (wrapBit ? capacity() : capacity() - 1);
    }

    /** Whether there is an entry to read; false for inconsistent indexes. */
    public boolean isReadable() {
        int size = size();
        return size > 0 && size <= capacity();
    }

    /** Address of the next entry to be written. */
    public long producerAddress() {
        return addressOf(producer);
    }

    /** Address of the next entry to be read. */
    public long consumerAddress() {
        return addressOf(consumer);
    }

    /** Address of the entry at an index. */
    public long addressOf(int index) {
        return base + ((long) (index & capacity() - 1) << entryShift);
    }

    /** Takes note of an entry written. */
    public void advanceProducer() {
        produced++;
        producer(producer + 1);
    }

    /** Takes note of an entry read. */
    public void advanceConsumer() {
        consumed++;
        consumer(consumer + 1);
    }

    /** Entries written by this side so far. */
    public long produced() {
        return produced;
    }

    /** Entries read by this side so far. */
    public long consumed() {
        return consumed;
    }

    /** The most entries held at any time. */
    public int highWater() {
        return highWater;
    }

    private void noteFill() {
        int size = size();
        if (size <= capacity() && size > highWater) {
            highWater = size;
        }
    }

    private int indexMask() {
        return (wrapBit ? 2 << log2Entries : 1 << log2Entries) - 1;
    }
}
