// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The queue's software side, against a memory that loses descriptors, and descriptors that the unit does not take. */
class DescriptorSenderTest {
    private static final long GLOBAL_CONTEXT = 0x11;
    private static final long GLOBAL_IOTLB = 0x12;
    /** A type that does not exist. */
    private static final long NONSENSE = 0xF;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<Descriptor> consumed = new ArrayList<>();
    private final List<Long> reads = new ArrayList<>();
    private Vtd unit;
    private DescriptorSender sender;
    private int losses;

    @BeforeEach
    void start() {
        unit = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.standard(), line -> {});
        unit.observeSoftware(null, (descriptor, word0, word1) -> consumed.add(descriptor));
        RegisterFrame losing = new RegisterFrame() {
            @Override
            public long readRegister(long offset, int size) {
                reads.add(offset);
                return unit.readRegister(offset, size);
            }

            @Override
            public void writeRegister(long offset, int size, long value) {
                boolean submits = offset == VtdRegisters.IQT.offset();
                if (submits && value != 0 && losses > 0 || offset == VtdRegisters.FSTS.offset() && losses > 0) {
                    losses--;
                    long head = unit.readRegister(VtdRegisters.IQH.offset(), 8);
                    long queue = VtdRegisters.IQ_ADDRESS.inPlace(unit.readRegister(VtdRegisters.IQA.offset(), 8));
                    memory.writeLong(queue + head, NONSENSE);
                }
                unit.writeRegister(offset, size, value);
            }
        };
        sender = new DescriptorSender(losing, memory, new PageAllocator(1 << 28), true, Patience.NONE);
        unit.writeRegister(VtdRegisters.GCMD.offset(), 4, VtdRegisters.QIE.mask());
    }

    @AfterEach
    void stop() {
        memory.close();
    }

    private void submit(long... descriptors) {
        for (long d : descriptors) {
            sender.add(d, 0);
        }
        sender.submit();
    }

    @Test
    void shouldWriteAgainWhatMemoryHasLost() {
        losses = 1;

        submit(GLOBAL_CONTEXT, GLOBAL_IOTLB);

        assertThat(consumed).containsExactly(Descriptor.CONTEXT_CACHE, Descriptor.IOTLB, Descriptor.WAIT);
        assertThat(sender.refused()).isEqualTo(1);
    }

    @Test
    void shouldPutAFenceWhereMemoryLosesItAgain() {
        losses = 2;

        submit(GLOBAL_CONTEXT, GLOBAL_IOTLB);

        assertThat(consumed).containsExactly(Descriptor.WAIT, Descriptor.IOTLB, Descriptor.WAIT);
        assertThat(sender.refused()).isEqualTo(2);
    }

    @Test
    void shouldGoOnBehindWhatTheUnitDoesNotTake() {
        submit(GLOBAL_CONTEXT, NONSENSE, GLOBAL_IOTLB);

        assertThat(consumed)
                .containsExactly(Descriptor.CONTEXT_CACHE, Descriptor.WAIT, Descriptor.IOTLB, Descriptor.WAIT);
    }

    /** 1,000 batches of 3 go around a queue of 256 many times. */
    @Test
    void shouldCountTheRoomItself() {
        for (int i = 0; i < 1000; i++) {
            submit(GLOBAL_CONTEXT, GLOBAL_IOTLB);
        }

        assertThat(consumed).hasSize(3000);
        assertThat(reads).isEmpty();
    }

    @Test
    void shouldSubmitAtOnceWhatThereIsRoomFor() {
        for (int i = 0; i < 300; i++) {
            sender.add(GLOBAL_CONTEXT, 0);
        }
        sender.submit();

        assertThat(consumed).hasSize(302);
        assertThat(reads).isEmpty();
    }

    @Test
    void shouldSendNothingIfNothingWasAdded() {
        sender.submit();

        assertThat(consumed).isEmpty();
    }
}
