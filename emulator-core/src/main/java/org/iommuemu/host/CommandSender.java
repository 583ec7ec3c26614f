// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;

/** Software's side of an SMMU's command queue: the commands that Linux sends, each batch with a SYNC behind it. */
final class CommandSender {
    private static final int QUEUE_LOG2 = 8;
    /** A range command has a count of 5 bits. */
    private static final int MOST_COUNT = 31;

    private static final int GRANULE = 12;
    private static final int GRANULE_4K = 1;
    private static final int STRIDE = 9;

    private final SmmuV3 smmu;
    private final PhysicalMemory memory;
    private final long base;
    private int producer;
    private int pending;

    CommandSender(SmmuV3 smmu, PhysicalMemory memory, PageAllocator pages) {
        this.smmu = smmu;
        this.memory = memory;
        long bytes = (long) Command.BYTES << QUEUE_LOG2;
        base = pages.allocate(bytes, bytes);
        smmu.writeRegister(
                Registers.CMDQ_BASE.offset(),
                Registers.CMDQ_BASE.bytes(),
                Registers.QUEUE_ADDR.inPlace(base) | Registers.QUEUE_LOG2SIZE.of(QUEUE_LOG2));
    }

    /** A stream's entry has changed. */
    void streamChanged(int stream) {
        send(
                Command.OPCODE.of(Command.CFGI_STE.opcode()) | Command.SID.of(Integer.toUnsignedLong(stream)),
                Command.LEAF.of(1));
        sync();
    }

    /** A context descriptor has changed. */
    void contextChanged(int stream, int substream) {
        send(
                Command.OPCODE.of(Command.CFGI_CD.opcode())
                        | Command.SSID.of(substream)
                        | Command.SID.of(Integer.toUnsignedLong(stream)),
                Command.LEAF.of(1));
        sync();
    }

    /** Everything of a first stage's address space. */
    void invalidateAsid(int vmid, int asid) {
        send(Command.OPCODE.of(Command.TLBI_NH_ASID.opcode()) | Command.VMID.of(vmid) | Command.ASID.of(asid), 0);
        sync();
    }

    /** Everything of a guest. */
    void invalidateGuest(int vmid) {
        send(Command.OPCODE.of(Command.TLBI_S12_VMALL.opcode()) | Command.VMID.of(vmid), 0);
        sync();
    }

    /**
     * A range of a first stage's address space, in the way of Linux' {@code arm_smmu_tlb_inv_range}.
     *
     * @param bytes a multiple of 4 KiB
     * @param leafShift log2 of the size of the leaves that were there, or 0 if tables may have gone too
     */
    void invalidateRange(int vmid, int asid, long address, long bytes, int leafShift) {
        range(
                Command.OPCODE.of(Command.TLBI_NH_VA.opcode()) | Command.VMID.of(vmid) | Command.ASID.of(asid),
                address,
                bytes,
                leafShift);
    }

    /** A range of a second stage's, likewise. */
    void invalidateGuestRange(int vmid, long address, long bytes, int leafShift) {
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
            send(
                    word0 | Command.SCALE.of(scale) | Command.NUM.of(count - 1),
                    word1 | Command.TG.of(isRange ? GRANULE_4K : 0) | Command.ADDRESS.inPlace(at));
            long covered = count << scale;
            at += covered << GRANULE;
            pages -= covered;
        }
        sync();
    }

    private void sync() {
        send(Command.OPCODE.of(Command.SYNC.opcode()), 0);
        submit();
    }

    private void send(long word0, long word1) {
        if (pending == 1 << QUEUE_LOG2) {
            submit();
        }
        long at = base + (long) (producer & (1 << QUEUE_LOG2) - 1) * Command.BYTES;
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, word1);
        producer = producer + 1 & (2 << QUEUE_LOG2) - 1;
        pending++;
    }

    /** The machine consumes while the index is written. */
    private void submit() {
        smmu.writeRegister(Registers.CMDQ_PROD.offset(), Registers.CMDQ_PROD.bytes(), producer);
        pending = 0;
        if (smmu.commandQueue().consumer() != producer) {
            throw new IllegalStateException("the SMMU has stopped at a command");
        }
    }
}
