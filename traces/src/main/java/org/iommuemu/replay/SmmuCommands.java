// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Deque;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;

/**
 * The command queue of an SMMUv3. A slot that the capture's memory holds already, with the same command in it, is left as it is:
 * it has fields that the trace does not record.
 */
final class SmmuCommands implements CommandFeed {
    private final SmmuV3 smmu;
    private final PhysicalMemory memory;
    private final CommandEncoder encoder = new CommandEncoder();

    SmmuCommands(SmmuV3 smmu, PhysicalMemory memory) {
        this.smmu = smmu;
        this.memory = memory;
    }

    @Override
    public long[] encode(TraceRecord r) {
        encoder.encode(r);
        return new long[] {encoder.word0(), encoder.word1()};
    }

    @Override
    public void handOver(long offset, long value, Deque<long[]> entries) {
        if (offset != Registers.CMDQ_PROD.offset()) {
            return;
        }
        int consumer = smmu.commandQueue().consumer();
        int pending = (int) value - consumer & 2 * smmu.commandQueue().capacity() - 1;
        for (int i = 0; i < pending && !entries.isEmpty(); i++) {
            long[] entry = entries.remove();
            put(consumer + i, entry[0], entry[1]);
        }
    }

    private void put(int index, long word0, long word1) {
        long at = smmu.commandQueue().addressOf(index);
        if (Command.of(memory.readLong(at)) != Command.of(word0)) {
            memory.writeLong(at, word0);
            memory.writeLong(at + Long.BYTES, word1);
        }
    }

    /** The recorder has a write after its effect: it finds nothing new. */
    @Override
    public boolean holdsBack(long offset, long value) {
        return false;
    }

    @Override
    public Comparison consume(TraceRecord r) {
        Command command = encoder.encode(r);
        long index = r.detail("cmdq_index");
        int next = smmu.commandQueue().consumer() & smmu.commandQueue().capacity() - 1;
        if (index != next) {
            return Comparison.differs("is in slot " + index + ", the machine is at slot " + next);
        }
        put((int) index, encoder.word0(), encoder.word1());
        long before = smmu.statistics().consumed(command);
        smmu.writeRegister(Registers.CMDQ_PROD.offset(), 4, smmu.commandQueue().consumer() + 1L);
        return smmu.statistics().consumed(command) == before + 1
                ? Comparison.SAME
                : Comparison.differs("was not consumed");
    }
}
