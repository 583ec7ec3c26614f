// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.PageResponse;
import org.iommuemu.smmuv3.spec.Command;

/** The commands that Linux sends to an SMMUv3, each batch with a SYNC behind it. */
final class SmmuInvalidations {
    /** A range command has a count of 5 bits. */
    private static final int MOST_COUNT = 31;

    private static final int GRANULE = 12;
    private static final int GRANULE_4K = 1;
    private static final int STRIDE = 9;
    /** ATC_INV of this size is of everything. */
    private static final int EVERYTHING = 52;

    private static final int RESPONSE_FAILURE = 0;
    private static final int RESPONSE_INVALID = 1;
    private static final int RESPONSE_SUCCESS = 2;

    private final CommandSender commands;

    SmmuInvalidations(CommandSender commands) {
        this.commands = commands;
    }

    /** A stream's entry has changed. */
    void streamChanged(int stream) {
        commands.add(
                Command.OPCODE.of(Command.CFGI_STE.opcode()) | Command.SID.of(Integer.toUnsignedLong(stream)),
                Command.LEAF.of(1));
        commands.sync();
    }

    /** A context descriptor has changed. */
    void contextChanged(int stream, int substream) {
        commands.add(
                Command.OPCODE.of(Command.CFGI_CD.opcode())
                        | Command.SSID.of(substream)
                        | Command.SID.of(Integer.toUnsignedLong(stream)),
                Command.LEAF.of(1));
        commands.sync();
    }

    /** All context descriptors of a stream have changed. */
    void contextsChanged(int stream) {
        commands.add(
                Command.OPCODE.of(Command.CFGI_CD_ALL.opcode()) | Command.SID.of(Integer.toUnsignedLong(stream)), 0);
        commands.sync();
    }

    /** Everything of all first stages of a guest. */
    void guestSpaces(int vmid) {
        commands.add(Command.OPCODE.of(Command.TLBI_NH_ALL.opcode()) | Command.VMID.of(vmid), 0);
        commands.sync();
    }

    /** Everything of a first stage's address space. */
    void asid(int vmid, int asid) {
        commands.add(
                Command.OPCODE.of(Command.TLBI_NH_ASID.opcode()) | Command.VMID.of(vmid) | Command.ASID.of(asid), 0);
        commands.sync();
    }

    /** Everything of a guest. */
    void guest(int vmid) {
        commands.add(Command.OPCODE.of(Command.TLBI_S12_VMALL.opcode()) | Command.VMID.of(vmid), 0);
        commands.sync();
    }

    /**
     * A range of a first stage's address space, in the way of Linux' {@code arm_smmu_tlb_inv_range}.
     *
     * @param bytes a multiple of 4 KiB
     * @param leafShift log2 of the size of the leaves that were there, or 0 if tables may have gone too
     */
    void asidRange(int vmid, int asid, long address, long bytes, int leafShift) {
        range(
                Command.OPCODE.of(Command.TLBI_NH_VA.opcode()) | Command.VMID.of(vmid) | Command.ASID.of(asid),
                address,
                bytes,
                leafShift);
    }

    /**
     * A range of a guest's own first stage, whose addresses need not be those of pages: all of the space if it is more than a first stage has.
     *
     * @param bytes at least 1
     * @param leafShift as of {@link #asidRange}; another size than those of 4 KiB granules says nothing
     */
    void guestSpaceRange(int vmid, int asid, long address, long bytes, int leafShift) {
        long first = address & -1L << GRANULE;
        long span = bytes + (address - first);
        if (span < 0 || span > 1L << SmmuTables.ADDRESS_BITS) {
            asid(vmid, asid);
            return;
        }
        boolean known = leafShift == GRANULE || leafShift == GRANULE + STRIDE || leafShift == GRANULE + 2 * STRIDE;
        long pages = span + (1L << GRANULE) - 1 >>> GRANULE;
        asidRange(vmid, asid, first, pages << GRANULE, known ? leafShift : 0);
    }

    /** A range of a second stage's, likewise. */
    void guestRange(int vmid, long address, long bytes, int leafShift) {
        range(Command.OPCODE.of(Command.TLBI_S2_IPA.opcode()) | Command.VMID.of(vmid), address, bytes, leafShift);
    }

    private void range(long word0, long address, long bytes, int leafShift) {
        long pages = bytes >>> GRANULE;
        long at = address;
        long word1 = 0;
        if (leafShift != 0) {
            int level = 3 - (leafShift - GRANULE) / STRIDE;
            word1 |= Command.LEAF.of(1) | Command.TTL.of(level);
        }
        while (pages > 0) {
            int scale = Long.numberOfTrailingZeros(pages);
            long count = pages >>> scale & MOST_COUNT;
            // A range of one granule without a level is reserved; what invalidates one is a command without a range
            // (IHI 0070 §4.4.1).
            boolean isRange = word1 != 0 || scale != 0 || count != 1;
            commands.add(
                    word0 | Command.SCALE.of(scale) | Command.NUM.of(count - 1),
                    word1 | Command.TG.of(isRange ? GRANULE_4K : 0) | Command.ADDRESS.inPlace(at));
            long covered = count << scale;
            at += covered << GRANULE;
            pages -= covered;
        }
        commands.sync();
    }

    /**
     * A range of a device's ATC: the smallest aligned power of two around it.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     * @param bytes length of the range, or 0 for everything
     * @return whether the device has answered
     */
    boolean atc(int stream, int pasid, long address, long bytes) {
        int order = bytes == 0 ? EVERYTHING : AlignedSpan.order(address, bytes);
        long first = bytes == 0 ? 0 : AlignedSpan.first(address, order);
        commands.add(
                Command.OPCODE.of(Command.ATC_INV.opcode()) | target(stream, pasid),
                Command.ATC_SIZE.of(order) | Command.ADDRESS.inPlace(first));
        return commands.sync();
    }

    /**
     * What a device's ATC holds for any PASID.
     *
     * @return whether the device has answered
     */
    boolean atcOfAllPasids(int stream) {
        commands.add(
                Command.OPCODE.of(Command.ATC_INV.opcode())
                        | Command.SID.of(Integer.toUnsignedLong(stream))
                        | Command.SSV.of(1)
                        | Command.ATC_GLOBAL.of(1),
                Command.ATC_SIZE.of(EVERYTHING));
        return commands.sync();
    }

    private static long target(int stream, int pasid) {
        boolean substream = pasid != IommuDriver.NO_PASID;
        return Command.SID.of(Integer.toUnsignedLong(stream))
                | (substream ? Command.SSV.of(1) | Command.SSID.of(pasid) : 0);
    }

    /**
     * Somebody else's command.
     *
     * @return false if a device has not answered it
     */
    boolean send(long word0, long word1) {
        commands.add(word0, word1);
        return commands.sync();
    }

    /** Answers a page request group; nobody has to wait for that. */
    void respond(int stream, int pasid, int group, PageResponse.Code code) {
        int response = switch (code) {
            case SUCCESS -> RESPONSE_SUCCESS;
            case INVALID -> RESPONSE_INVALID;
            case FAILURE -> RESPONSE_FAILURE;
        };
        commands.add(
                Command.OPCODE.of(Command.PRI_RESP.opcode()) | target(stream, pasid),
                Command.PRG_INDEX.of(group) | Command.RESPONSE.of(response));
        commands.submit();
    }
}
