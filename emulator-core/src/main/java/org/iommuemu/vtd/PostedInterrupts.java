// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.PostedInterruptDescriptor;
import org.iommuemu.vtd.spec.PostedIrte;
import org.jspecify.annotations.Nullable;

/** Posts interrupts into posted-interrupt descriptors in memory (VT-d architecture 5.2.5, 9.11). */
final class PostedInterrupts {
    private static final int APIC_ID_8 = 0xFF00;
    private static final int VECTORS_PER_WORD_LOG2 = 6;

    private final PhysicalMemory memory;
    private final long[] reserved;
    private @Nullable InterruptMessage notification;
    private long posted;
    private long notifications;

    PostedInterrupts(PhysicalMemory memory, EntryReader reader) {
        this.memory = memory;
        reserved = reader.reservedBits(PostedInterruptDescriptor.LAYOUT);
    }

    /**
     * Posts the interrupt of an entry, as one access to its descriptor.
     *
     * @param extended whether destinations have 32 bits (x2APIC)
     * @return why not, or null: {@link #notification()} then is the message that goes out, or null
     */
    @Nullable
    FaultReason post(long word0, long word1, boolean extended) {
        notification = null;
        long at = PostedIrte.descriptor(word0, word1);
        if (!memory.answers(at, PostedInterruptDescriptor.BYTES)) {
            return FaultReason.POSTED_ACCESS;
        }
        long control = at + (long) PostedInterruptDescriptor.PIR_WORDS * Long.BYTES;
        long state = memory.readLong(control);
        if (isMalformed(at, state, extended)) {
            return FaultReason.POSTED_RESERVED;
        }
        int vector = PostedIrte.VV.getInt(word0);
        long requests = at + (long) (vector >>> VECTORS_PER_WORD_LOG2) * Long.BYTES;
        memory.writeLong(requests, memory.readLong(requests) | 1L << vector);
        posted++;
        boolean silent = PostedInterruptDescriptor.ON.isSet(state)
                || PostedInterruptDescriptor.SN.isSet(state) && !PostedIrte.URG.isSet(word0);
        if (!silent) {
            memory.writeLong(control, PostedInterruptDescriptor.ON.set(state, 1));
            notifications++;
            notification = InterruptMessage.fixed(
                    PostedInterruptDescriptor.NDST.get(state), PostedInterruptDescriptor.NV.getInt(state), extended);
        }
        return null;
    }

    private boolean isMalformed(long at, long state, boolean extended) {
        if (!extended && (PostedInterruptDescriptor.NDST.get(state) & ~APIC_ID_8) != 0) {
            return true;
        }
        for (int i = PostedInterruptDescriptor.PIR_WORDS; i < PostedInterruptDescriptor.WORDS; i++) {
            if ((memory.readLong(at + (long) i * Long.BYTES) & reserved[i]) != 0) {
                return true;
            }
        }
        return false;
    }

    /** What the last interrupt posted makes the unit send, or null: one is outstanding, or they are suppressed. */
    @Nullable
    InterruptMessage notification() {
        return notification;
    }

    /** Interrupts posted so far. */
    long posted() {
        return posted;
    }

    /** Notifications sent so far; the others were coalesced. */
    long notifications() {
        return notifications;
    }
}
