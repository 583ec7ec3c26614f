// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.WriteStamps.Stamp;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WriteStampsTest {
    private final PhysicalMemory memory = new PhysicalMemory();
    private long time;
    private final WriteStamps stamps = new WriteStamps(memory, () -> new Stamp(time, 0, 0));

    WriteStampsTest() {
        memory.writeLong(0x1000, 5);
        memory.watchWrites(stamps);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private void writeAt(long now, long address, long value) {
        time = now;
        memory.writeLong(address, value);
    }

    private static long sequence(@Nullable Stamp stamp) {
        return stamp == null ? -1 : stamp.sequence();
    }

    private long changed(long address) {
        return sequence(stamps.of(address));
    }

    @Test
    void shouldKnowNothingOfWordsThatHaveNotChanged() {
        assertThat(changed(0x1000)).isEqualTo(-1);
        writeAt(1, 0x1008, 7);
        assertThat(changed(0x1000)).isEqualTo(-1);
        assertThat(changed(0x9000)).isEqualTo(-1);
    }

    @Test
    void shouldDateAWordByTheLastChangeOfItsValue() {
        writeAt(1, 0x1000, 6);
        writeAt(2, 0x1000, 7);

        assertThat(changed(0x1000)).isEqualTo(2);
        assertThat(changed(0x1007)).isEqualTo(2);
    }

    @Test
    void shouldNotCountAStoreOfTheSameValue() {
        writeAt(1, 0x1000, 5);
        assertThat(changed(0x1000)).isEqualTo(-1);

        writeAt(2, 0x1000, 6);
        writeAt(3, 0x1000, 6);
        assertThat(changed(0x1000)).isEqualTo(2);
    }

    @Test
    void shouldFindTheWordsThatALargeWriteChanges() {
        writeAt(1, 0x2FF8, 9);
        byte[] bytes = new byte[0x3000];
        bytes[0xFF8] = 9;
        bytes[0x1010] = 1;
        time = 2;

        memory.write(0x2000, bytes, 0, bytes.length);

        assertThat(changed(0x2FF8)).as("rewritten").isEqualTo(1);
        assertThat(changed(0x3010)).as("changed").isEqualTo(2);
        assertThat(changed(0x3008)).as("zero before and after").isEqualTo(-1);
    }

    @Test
    void shouldDateAPartOfAWord() {
        time = 4;
        memory.writeByte(0x1003, (byte) 1);
        memory.compareAndSetLong(0x1008, 0, 1);
        memory.compareAndSetLong(0x1010, 8, 1);
        memory.writeInt(0x101E, -1);

        assertThat(changed(0x1000)).isEqualTo(4);
        assertThat(changed(0x1008)).isEqualTo(4);
        assertThat(changed(0x1010)).as("a swap that failed").isEqualTo(-1);
        assertThat(changed(0x1018)).isEqualTo(4);
        assertThat(changed(0x1020)).as("the other half of a write").isEqualTo(4);
    }

    @Test
    void shouldDateAStructureByItsLastChange() {
        writeAt(1, 0x1008, 1);
        writeAt(2, 0x1018, 1);
        writeAt(3, 0x1020, 1);

        assertThat(sequence(stamps.of(0x1000, 4))).isEqualTo(2);
        assertThat(sequence(stamps.of(0x2000, 4))).isEqualTo(-1);
    }

    @Test
    void shouldForgetThePagesThatWereNotAskedForLongest() {
        writeAt(1, 0x1000, 1);
        writeAt(2, 0x2000, 1);
        for (int page = 2; page < WriteStamps.MOST_PAGES; page++) {
            writeAt(3, 0x10_0000L + page * 0x1000L, 1);
        }
        assertThat(changed(0x1000)).isEqualTo(1);

        writeAt(4, 0x3000, 1);

        assertThat(changed(0x1000)).isEqualTo(1);
        assertThat(changed(0x2000)).isEqualTo(-1);
    }
}
