// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.reference;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.memory.PhysicalMemory;

/** Memory with what the reference writes laid over it: the memory itself stays as it is. */
public final class ReferenceMemory {
    private final PhysicalMemory memory;
    private final Map<Long, Long> written = new HashMap<>();
    private final Map<Long, Long> seen = new LinkedHashMap<>();
    private final Map<Long, Long> open = new HashMap<>();

    /** Nothing written yet. */
    public ReferenceMemory(PhysicalMemory memory) {
        this.memory = memory;
    }

    /** Forgets what was written. */
    public void clear() {
        written.clear();
        seen.clear();
        open.clear();
    }

    /** What must have been written, little-endian words by address. */
    public Map<Long, Long> written() {
        return written;
    }

    /** What was read, in order: little-endian words by address. */
    public Map<Long, Long> seen() {
        return seen;
    }

    /** Says that nothing is left open. */
    public void closed() {
        open.clear();
    }

    /** Bits that may have changed besides, by address: the architecture leaves it open. */
    public Map<Long, Long> open() {
        return open;
    }

    /** Whether an access would be answered, rather than aborted. */
    public boolean answers(long address, int bytes) {
        return memory.answers(address, bytes);
    }

    /** The word at an address, with what was written laid over. */
    public long read(long address, boolean bigEndian) {
        Long own = written.get(address);
        long value = own != null ? own : memory.readLong(address);
        seen.putIfAbsent(address, value);
        return bigEndian ? Long.reverseBytes(value) : value;
    }

    /** Lays a word over the memory. */
    public void write(long address, boolean bigEndian, long value) {
        written.put(address, bigEndian ? Long.reverseBytes(value) : value);
    }

    /** Bits that the architecture allows to change and does not ask for. */
    public void mayChange(long address, boolean bigEndian, long mask) {
        open.merge(address, bigEndian ? Long.reverseBytes(mask) : mask, (a, b) -> a | b);
    }

    /** Words one after another. */
    public long[] structure(long address, int count) {
        long[] words = new long[count];
        for (int i = 0; i < words.length; i++) {
            words[i] = read(address + i * 8L, false);
        }
        return words;
    }
}
