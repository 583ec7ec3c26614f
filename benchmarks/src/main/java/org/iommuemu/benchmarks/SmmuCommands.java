// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;

/** Invalidations by the command queue, each followed by a CMD_SYNC that signals nothing (IHI 0070 §4.4, §4.5, §4.7.3). */
final class SmmuCommands implements Invalidation {
    private static final int TG_4K = 1;

    private final PhysicalMemory memory;
    private final SmmuV3 smmu;
    private final long queue;
    private final int log2Entries;
    private int producer;

    /** For a queue that is empty. */
    SmmuCommands(PhysicalMemory memory, SmmuV3 smmu, long queue, int log2Entries) {
        this.memory = memory;
        this.smmu = smmu;
        this.queue = queue;
        this.log2Entries = log2Entries;
    }

    private void send(long word0, long word1) {
        write(word0, word1);
        write(Command.OPCODE.of(Command.SYNC.opcode()), 0);
        Register doorbell = Registers.CMDQ_PROD;
        smmu.writeRegister(doorbell.offset(), doorbell.bytes(), producer & (2 << log2Entries) - 1);
    }

    private void write(long word0, long word1) {
        long at = queue + (long) (producer & (1 << log2Entries) - 1) * Command.BYTES;
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, word1);
        producer++;
    }

    private static long ofStream(Command command, int stream) {
        return Command.OPCODE.of(command.opcode()) | Command.ASID.of(SmmuMachine.asid(stream));
    }

    @Override
    public void page(int stream, long address) {
        send(ofStream(Command.TLBI_NH_VA, stream), Command.LEAF.of(1) | Command.ADDRESS.inPlace(address));
    }

    /** Two units of half the range: a single granule without a level hint is no range. */
    @Override
    public void range(int stream, long address, int log2Pages) {
        send(
                ofStream(Command.TLBI_NH_VA, stream) | Command.NUM.of(1) | Command.SCALE.of(log2Pages - 1),
                Command.LEAF.of(1) | Command.TG.of(TG_4K) | Command.ADDRESS.inPlace(address));
    }

    @Override
    public void space(int stream) {
        send(ofStream(Command.TLBI_NH_ASID, stream), 0);
    }

    @Override
    public void everything() {
        send(Command.OPCODE.of(Command.TLBI_NSNH_ALL.opcode()), 0);
    }

    @Override
    public void device(int stream, long address) {
        send(Command.OPCODE.of(Command.ATC_INV.opcode()) | Command.SID.of(stream), Command.ADDRESS.inPlace(address));
    }
}
