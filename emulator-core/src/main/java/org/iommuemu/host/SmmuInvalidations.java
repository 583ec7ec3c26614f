// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.PageResponse;
import org.iommuemu.smmuv3.spec.Command;

/** The commands that Linux sends to an SMMUv3, each batch with a SYNC behind it. */
final class SmmuInvalidations {
    /** A range command has a count of 5 bits. */
    private static final int MOST_COUNT = 31;
    /** log2 of the bytes of an entry of a page table. */
    private static final int ENTRY_SHIFT = 3;

    /** ATC_INV of this size is of everything. */
    private static final int EVERYTHING = 52;

    private static final int RESPONSE_FAILURE = 0;
    private static final int RESPONSE_INVALID = 1;
    private static final int RESPONSE_SUCCESS = 2;

    private final CommandSender commands;
    private final int granule;
    private final boolean ranges;

    /**
     * Sends to a queue.
     *
     * @param granule log2 of the smallest page's size
     * @param ranges whether the SMMU takes ranges (IDR3.RIL)
     */
    SmmuInvalidations(CommandSender commands, int granule, boolean ranges) {
        this.commands = commands;
        this.granule = granule;
        this.ranges = ranges;
    }

    /** All configuration and all translations, at reset; nothing is left of what somebody else has made of the SMMU. */
    void everything(boolean hypervisor) {
        commands.add(Command.OPCODE.of(Command.CFGI_STE_RANGE.opcode()), Command.RANGE.of(Command.RANGE_ALL));
        commands.sync();
        if (hypervisor) {
            commands.add(Command.OPCODE.of(Command.TLBI_EL2_ALL.opcode()), 0);
            commands.sync();
        }
        commands.add(Command.OPCODE.of(Command.TLBI_NSNH_ALL.opcode()), 0);
        commands.sync();
    }

    /** Waits for what went before, of which there is nothing here. */
    void sync() {
        commands.sync();
    }

    /** A stream's entry will soon be used; nobody waits for that. */
    void prefetch(int stream) {
        commands.add(
                Command.OPCODE.of(Command.PREFETCH_CONFIG.opcode()) | Command.SID.of(Integer.toUnsignedLong(stream)),
                0);
        commands.submit();
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
        contextChanged(stream, substream, 1);
    }

    /** A table of context descriptors has come. */
    void contextTableAdded(int stream, int substream) {
        contextChanged(stream, substream, 0);
    }

    private void contextChanged(int stream, int substream, int leaf) {
        commands.add(
                Command.OPCODE.of(Command.CFGI_CD.opcode())
                        | Command.SSID.of(substream)
                        | Command.SID.of(Integer.toUnsignedLong(stream)),
                Command.LEAF.of(leaf));
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
     * @param bytes a multiple of the granule
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
     * @param leafShift as of {@link #asidRange}; another size than those of the granule says nothing
     */
    void guestSpaceRange(int vmid, int asid, long address, long bytes, int leafShift) {
        long first = address & -1L << granule;
        long span = bytes + (address - first);
        if (span < 0 || span > 1L << SmmuTables.ADDRESS_BITS) {
            asid(vmid, asid);
            return;
        }
        int stride = granule - ENTRY_SHIFT;
        boolean known = leafShift == granule || leafShift == granule + stride || leafShift == granule + 2 * stride;
        long pages = span + (1L << granule) - 1 >>> granule;
        asidRange(vmid, asid, first, pages << granule, known ? leafShift : 0);
    }

    /** A range of a second stage's, likewise. */
    void guestRange(int vmid, long address, long bytes, int leafShift) {
        range(Command.OPCODE.of(Command.TLBI_S2_IPA.opcode()) | Command.VMID.of(vmid), address, bytes, leafShift);
    }

    private void range(long word0, long address, long bytes, int leafShift) {
        if (!ranges) {
            pageByPage(word0, address, bytes, leafShift);
            return;
        }
        long pages = bytes >>> granule;
        long at = address;
        // 4, 16 and 64 KiB are 1, 2 and 3.
        long word1 = Command.TG.of((granule - 10) / 2);
        if (leafShift != 0) {
            word1 |= Command.LEAF.of(1) | Command.TTL.of(4 - (leafShift - ENTRY_SHIFT) / (granule - ENTRY_SHIFT));
        } else if ((pages & MOST_COUNT) == 1) {
            // A range of one granule without a level is reserved (IHI 0070 §4.4.1).
            pages++;
        }
        while (pages > 0) {
            int scale = Long.numberOfTrailingZeros(pages);
            long count = pages >>> scale & MOST_COUNT;
            commands.add(
                    word0 | Command.SCALE.of(scale) | Command.NUM.of(count - 1), word1 | Command.ADDRESS.inPlace(at));
            long covered = count << scale;
            at += covered << granule;
            pages -= covered;
        }
        commands.sync();
    }

    private void pageByPage(long word0, long address, long bytes, int leafShift) {
        long step = 1L << (leafShift == 0 ? granule : leafShift);
        for (long done = 0; done < bytes; done += step) {
            commands.add(word0, Command.LEAF.of(leafShift == 0 ? 0 : 1) | Command.ADDRESS.inPlace(address + done));
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
