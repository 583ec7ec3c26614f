// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.memory.PhysicalMemory;

/** Memory with what the reference writes laid over it: the memory itself stays as it is. */
final class ReferenceMemory {
    private final PhysicalMemory memory;
    private final Map<Long, Long> written = new HashMap<>();
    private final Map<Long, Long> seen = new LinkedHashMap<>();
    private final Map<Long, Long> open = new HashMap<>();

    ReferenceMemory(PhysicalMemory memory) {
        this.memory = memory;
    }

    /** Forgets what was written. */
    void clear() {
        written.clear();
        seen.clear();
        open.clear();
    }

    /** What must have been written, little-endian words by address. */
    Map<Long, Long> written() {
        return written;
    }

    /** What was read, in order: little-endian words by address. */
    Map<Long, Long> seen() {
        return seen;
    }

    /** Says that nothing is left open. */
    void closed() {
        open.clear();
    }

    /** Bits that may have changed besides, by address: the architecture leaves it open. */
    Map<Long, Long> open() {
        return open;
    }

    /** Whether an access would be answered, rather than aborted. */
    boolean answers(long address, int bytes) {
        return memory.answers(address, bytes);
    }

    long read(long address, boolean bigEndian) {
        Long own = written.get(address);
        long value = own != null ? own : memory.readLong(address);
        seen.putIfAbsent(address, value);
        return bigEndian ? Long.reverseBytes(value) : value;
    }

    void write(long address, boolean bigEndian, long value) {
        written.put(address, bigEndian ? Long.reverseBytes(value) : value);
    }

    /** Bits that the architecture allows to change and does not ask for. */
    void mayChange(long address, boolean bigEndian, long mask) {
        open.merge(address, bigEndian ? Long.reverseBytes(mask) : mask, (a, b) -> a | b);
    }

    /** Eight words. */
    long[] structure(long address) {
        long[] words = new long[8];
        for (int i = 0; i < words.length; i++) {
            words[i] = read(address + i * 8L, false);
        }
        return words;
    }
}
