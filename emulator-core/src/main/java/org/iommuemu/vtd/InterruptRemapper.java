// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.bits.BitField;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.PostedIrte;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** Interrupt remapping: message writes in, remapped messages out (VT-d architecture chapter 5). */
final class InterruptRemapper {
    private static final BitField HANDLE = BitField.of("handle[14:0]", 19, 5);
    private static final BitField REMAPPABLE = BitField.bit("format", 4);
    private static final BitField SHV = BitField.bit("SHV", 3);
    private static final BitField HANDLE_15 = BitField.bit("handle[15]", 2);
    /** {@link #index()}: the last request came to none. */
    static final int NO_INDEX = -1;

    private static final int SUBHANDLE = 0xFFFF;
    private static final int[] SOURCE_MASKS = {0xFFFF, 0xFFFB, 0xFFF9, 0xFFF8};
    private static final int VALIDATE_SOURCE = 1;
    private static final int VALIDATE_BUS = 2;

    private final PhysicalMemory memory;
    private final RegisterFile file;
    private final VtdFeatures features;
    private final FaultRecords faults;
    private final SetAssociativeCache cache;
    private @Nullable StructureObserver observer;
    private int index = NO_INDEX;
    private final PostedInterrupts posted;
    private final long[] postedReserved;
    private final int addressBits;
    private long table;
    private long remapped;
    private long refused;
    private long reads;
    private long remappedHits;
    private long postedHits;

    InterruptRemapper(
            PhysicalMemory memory,
            RegisterFile file,
            VtdFeatures features,
            FaultRecords faults,
            EntryReader reader,
            CacheGeometry geometry) {
        this.memory = memory;
        this.file = file;
        this.features = features;
        this.faults = faults;
        cache = new SetAssociativeCache("interrupt entry cache", geometry);
        posted = new PostedInterrupts(memory, reader);
        postedReserved = reader.reservedBits(PostedIrte.LAYOUT);
        addressBits = reader.addressBits();
    }

    /** SIRTP: this value of IRTA is in force from now on. */
    void latch(long irta) {
        table = irta;
    }

    /**
     * Answers a write to the interrupt window.
     *
     * @param source requester id
     * @param bytes how many are written; an interrupt has four
     * @return the address and data of the message that goes on, or null if it is blocked, or posted without notification
     */
    @Nullable
    InterruptMessage remap(int source, long address, int data, int bytes) {
        index = NO_INDEX;
        long status = file.get(VtdRegisters.GSTS);
        boolean on = VtdRegisters.IRE.isSet(status);
        boolean sized = bytes == Integer.BYTES;
        if ((!sized || (address & 3) != 0) && (on || VtdRegisters.TE.isSet(status))) {
            return refuse(source, 0, FaultReason.INTERRUPT_WINDOW, false);
        }
        if (!sized) {
            return null;
        }
        if (!on) {
            return features.hasExtended(ExtendedCapability.IRREQ)
                    ? refuse(source, 0, FaultReason.INTERRUPTS_BLOCKED, false)
                    : new InterruptMessage(address, data);
        }
        boolean extended = VtdRegisters.EIME.isSet(table);
        if (features.hasExtended(ExtendedCapability.EIMER) && !extended) {
            return refuse(source, 0, FaultReason.X2APIC_MANDATORY, false);
        }
        if (!REMAPPABLE.isSet(address)) {
            boolean allowed = !extended && VtdRegisters.CFI.isSet(status);
            return allowed
                    ? new InterruptMessage(address, data)
                    : refuse(source, 0, FaultReason.COMPATIBILITY_BLOCKED, false);
        }
        boolean sub = SHV.isSet(address);
        if (sub && data >>> 16 != 0) {
            return refuse(source, 0, FaultReason.IRTE_REQUEST_RESERVED, false);
        }
        int handle = HANDLE.getInt(address) | HANDLE_15.getInt(address) << 15;
        index = handle + (sub ? data & SUBHANDLE : 0) & 0xFFFF;
        return remap(source, extended);
    }

    private @Nullable InterruptMessage remap(int source, boolean extended) {
        if (index >= 2 << VtdRegisters.IRT_SIZE.getInt(table)) {
            return refuse(source, index, FaultReason.IRTE_INDEX, false);
        }
        int entry = cache.find(index, 0, index);
        cache.countLookup(entry >= 0);
        long word0;
        long word1;
        if (entry >= 0) {
            word0 = cache.value0(entry);
            word1 = cache.value1(entry);
            boolean toPost = Irte.IM.isSet(word0);
            remappedHits += toPost ? 0 : 1;
            postedHits += toPost ? 1 : 0;
        } else {
            long at = VtdRegisters.IRT_ADDRESS.inPlace(table) + (long) index * Irte.BYTES;
            if (at >>> addressBits != 0) {
                return refuse(source, index, FaultReason.IRTE_INDEX, false);
            }
            reads++;
            if (!memory.answers(at, Irte.BYTES)) {
                return refuse(source, index, FaultReason.IRTE_FETCH, false);
            }
            word0 = memory.readLong(at);
            word1 = memory.readLong(at + Long.BYTES);
            if (observer != null) {
                observer.fetched(Irte.LAYOUT, at, new long[] {word0, word1});
            }
            if (features.has(Capability.CM)) {
                cache.fill(index, 0, index, word0, word1);
            }
        }
        boolean silent = Irte.FPD.isSet(word0);
        if (!Irte.P.isSet(word0)) {
            return refuse(source, index, FaultReason.IRTE_NOT_PRESENT, silent);
        }
        if (isMalformed(word0, word1, extended)) {
            return refuse(source, index, FaultReason.IRTE_RESERVED, silent);
        }
        if (!isAllowed(source, word1)) {
            return refuse(source, index, FaultReason.IRTE_SOURCE, silent);
        }
        if (entry < 0 && !features.has(Capability.CM)) {
            cache.fill(index, 0, index, word0, word1);
        }
        if (Irte.IM.isSet(word0)) {
            FaultReason why = posted.post(word0, word1, extended);
            return why != null ? refuse(source, index, why, silent) : posted.notification();
        }
        remapped++;
        return message(word0, extended);
    }

    private boolean isMalformed(long word0, long word1, boolean extended) {
        if (Irte.SVT.getInt(word1) == 3) {
            return true;
        }
        if (Irte.IM.isSet(word0)) {
            return !features.has(Capability.PI)
                    || (word0 & postedReserved[0]) != 0
                    || (word1 & postedReserved[1]) != 0
                    || PostedIrte.descriptor(word0, word1) >>> addressBits != 0;
        }
        long reserved = 0xFF00_7000L | (extended ? 0 : 0xFFFF_00FF_0000_0000L);
        return (word0 & reserved) != 0 || word1 >>> 20 != 0;
    }

    private static boolean isAllowed(int source, long word1) {
        int sid = Irte.SID.getInt(word1);
        return switch (Irte.SVT.getInt(word1)) {
            case VALIDATE_SOURCE -> ((source ^ sid) & SOURCE_MASKS[Irte.SQ.getInt(word1)]) == 0;
            case VALIDATE_BUS -> source >>> 8 >= sid >>> 8 && source >>> 8 <= (sid & 0xFF);
            default -> true;
        };
    }

    private static InterruptMessage message(long word0, boolean extended) {
        InterruptMessage plain = InterruptMessage.fixed(Irte.DST.get(word0), Irte.V.getInt(word0), extended);
        return new InterruptMessage(
                plain.address() | Irte.RH.get(word0) << 3 | Irte.DM.get(word0) << 2,
                plain.data() | Irte.DLM.getInt(word0) << 8 | Irte.TM.getInt(word0) << 15);
    }

    /** Blocks a request; {@code silent} is FPD of an entry, behind which every reason is qualified. */
    private @Nullable InterruptMessage refuse(int source, int index, FaultReason why, boolean silent) {
        refused++;
        if (!silent) {
            faults.record((long) index << 48, FaultRecord.SID.of(source) | FaultRecord.FR.of(why.code()));
        }
        return null;
    }

    /** Drops the cached entries of an index and those that differ from it in its low {@code mask} bits. */
    void invalidate(boolean all, int index, int mask) {
        if (all) {
            cache.invalidateAll();
        } else {
            long keep = -1L << mask;
            cache.invalidateIf((tag0, tag1, value0, value1) -> (tag0 & keep) == (index & keep));
        }
    }

    /** Shows every entry read from now on; null ends it. */
    void observe(@Nullable StructureObserver watcher) {
        observer = watcher;
    }

    /** The index of the last request, or {@link #NO_INDEX}. */
    int index() {
        return index;
    }

    SetAssociativeCache cache() {
        return cache;
    }

    /** Reads of entries so far. */
    long reads() {
        return reads;
    }

    /** Lookups so far that found an entry of the remapped format. */
    long remappedHits() {
        return remappedHits;
    }

    /** Lookups so far that found an entry of the posted format. */
    long postedHits() {
        return postedHits;
    }

    /** What was posted. */
    PostedInterrupts posted() {
        return posted;
    }

    /** Interrupts remapped so far, those not counted that were posted. */
    long remapped() {
        return remapped;
    }

    /** Interrupts blocked so far. */
    long refused() {
        return refused;
    }
}
