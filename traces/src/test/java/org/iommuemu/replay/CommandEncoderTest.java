// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.MemoryPages;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.memory.MemoryImage;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Command;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands rebuilt from trace records against those that Linux wrote into its queue. */
class CommandEncoderTest {
    /** What the trace does not record: the completion signal of a SYNC, and the stream of a prefetch. */
    private static final long UNRECORDED_SYNC = Command.CS.mask();

    @ParameterizedTest
    @CsvSource({
        "smmuv3-linux-nvme, 0x6b300000, 2064",
        "smmuv3-linux-mixed, 0x6b300000, 2263",
        "smmuv3-linux-lazy, 0x6b300000, 894",
        "smmuv3-linux-fault, 0x6b300000, 2234"
    })
    void shouldRebuildTheCommandsThatLinuxWrote(String name, String queueBase, int commands) throws IOException {
        Capture capture = Capture.open(Path.of("samples", name));
        MemoryPages pages = capture.busy().memory();
        Set<Long> held = new HashSet<>();
        for (long address : pages.addresses()) {
            held.add(address);
        }
        long base = Long.decode(queueBase);
        long stop = capture.busy().traceSeqAtStop().orElseThrow();
        int compared = 0;

        try (PhysicalMemory memory = new PhysicalMemory();
                CsvTable table = capture.trace()) {
            memory.addImage(MemoryImage.map(pages.file(), pages.addresses()));
            TraceRecord r = new TraceRecord(table);
            CommandEncoder encoder = new CommandEncoder();
            while (r.next() && r.seq() <= stop) {
                if (r.kind() != TraceRecord.Kind.INVALIDATE) {
                    continue;
                }
                long at = base + r.detail("cmdq_index") * Command.BYTES;
                if (!held.contains(at & -PhysicalMemory.PAGE_BYTES)) {
                    continue;
                }
                Command command = encoder.encode(r);
                assertThat(encoder.word0() | unrecorded(command, memory.readLong(at)))
                        .as("word 0 of record %d, %s", r.seq(), command)
                        .isEqualTo(memory.readLong(at));
                if (command != Command.SYNC) {
                    assertThat(encoder.word1())
                            .as("word 1 of record %d, %s", r.seq(), command)
                            .isEqualTo(memory.readLong(at + Long.BYTES));
                }
                compared++;
            }
        }

        assertThat(compared).isEqualTo(commands);
    }

    private static long unrecorded(Command command, long word0) {
        return switch (command) {
            case SYNC -> word0 & (UNRECORDED_SYNC | 0xFC0_0000L);
            case PREFETCH_CONFIG -> word0 & Command.SID.mask();
            default -> 0;
        };
    }
}
