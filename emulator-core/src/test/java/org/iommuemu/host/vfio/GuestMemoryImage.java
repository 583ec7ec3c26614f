// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.smmuv3.spec.Cd;

/** A guest in the user's memory: it is mapped behind a second stage, and has a page table, and on an SMMUv3 a table of contexts. */
final class GuestMemoryImage {
    /** Guest-physical address of the table of contexts, for PASIDs 0 to 3. */
    static final long CONTEXTS = 0x10_0000;

    /** Guest-physical address of the page table. */
    static final long ROOT = CONTEXTS + 0x1000;

    /** What the page table maps. */
    static final long VIRTUAL = 0x1234_5678_9000L;

    private static final long DATA = CONTEXTS + 0x5000;
    private static final int PAGES = 6;

    private final VfioMachine vfio;
    private final AddressSpace mm;
    private final long memory;

    GuestMemoryImage(VfioMachine vfio) {
        this.vfio = vfio;
        mm = VfioMachine.memory(vfio.user);
        memory = mm.map(0, PAGES * 0x1000, 3).value();
        for (int i = 0; i < PAGES; i++) {
            write(CONTEXTS + i * 0x1000L, 0);
        }
        boolean arm = vfio.machine.isSmmu();
        for (int level = 0; level < 4; level++) {
            long index = VIRTUAL >>> 39 - 9 * level & 0x1FF;
            long next = level == 3 ? DATA : ROOT + (level + 1) * 0x1000L;
            long flags = arm ? level == 3 ? 0x743 : 3 : 0x67;
            write(ROOT + level * 0x1000L + index * 8, next | flags);
        }
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.T0SZ.set(cd, 16);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, 5);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASID.set(cd, 9);
        Cd.TTB0.setInPlace(cd, ROOT);
        Cd.MAIR.set(cd, 0xFF);
        for (int i = 0; arm && i < cd.length; i++) {
            write(CONTEXTS + 64 + i * 8L, cd[i]);
        }
    }

    /** Maps it for the container's devices. */
    void map() {
        assertThat(vfio.container.mapDma(vfio.caller, memory, CONTEXTS, PAGES * 0x1000L, 3))
                .isEqualTo(Result.done());
    }

    private void write(long guest, long value) {
        ByteBuffer b = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .rewind();
        assertThat(mm.write(memory + guest - CONTEXTS, b)).isTrue();
    }

    /** Whether a device reads the guest's page by a PASID. */
    boolean isReached(int stream, int pasid) {
        long expected = mm.tables().physical(memory + DATA - CONTEXTS);
        return vfio.machine.read(stream, pasid, VIRTUAL + 8) == expected + 8;
    }
}
