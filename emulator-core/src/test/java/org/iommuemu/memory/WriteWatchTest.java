// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WriteWatchTest {
    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<String> seen = new ArrayList<>();

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldSeeEveryKindOfWriteAfterIt() {
        memory.watchWrites((address, bytes) ->
                seen.add(Long.toHexString(address) + "+" + bytes + "=" + Long.toHexString(memory.readLong(address))));

        memory.writeLong(0x1000, 0x1111);
        memory.writeInt(0x1008, 0x2222);
        memory.writeShort(0x1010, (short) 0x3333);
        memory.writeByte(0x1018, (byte) 0x44);
        memory.write(0x1020, new byte[] {0x55, 0x66}, 0, 2);
        memory.compareAndSetLong(0x1000, 0x1111, 0x7777);

        assertThat(seen)
                .containsExactly(
                        "1000+8=1111", "1008+4=2222", "1010+2=3333", "1018+1=44", "1020+2=6655", "1000+8=7777");
    }

    @Test
    void shouldAnnounceEveryKindOfWriteBeforeIt() {
        memory.watchWrites(new WriteWatch() {
            @Override
            public void writing(long address, int bytes) {
                seen.add(Long.toHexString(address) + "+" + bytes + "=" + memory.readLong(address));
            }

            @Override
            public void written(long address, int bytes) {
                seen.add("=" + memory.readLong(address));
            }
        });

        memory.writeLong(0x1000, 1);
        memory.writeInt(0x1000, 2);
        memory.writeShort(0x1000, (short) 3);
        memory.writeByte(0x1000, (byte) 4);
        memory.write(0x1000, new byte[] {5, 0}, 0, 2);
        memory.compareAndSetLong(0x1000, 5, 6);

        assertThat(seen)
                .containsExactly(
                        "1000+8=0",
                        "=1",
                        "1000+4=1",
                        "=2",
                        "1000+2=2",
                        "=3",
                        "1000+1=3",
                        "=4",
                        "1000+2=4",
                        "=5",
                        "1000+8=5",
                        "=6");
    }

    @Test
    void shouldNotSeeWhatWritesNothing() {
        memory.watchWrites((address, bytes) -> seen.add("written"));

        memory.readLong(0x1000);
        memory.compareAndSetLong(0x1000, 1, 2);
        memory.write(0x1000, new byte[0], 0, 0);

        assertThat(seen).isEmpty();
    }

    @Test
    void shouldTellEveryWatcherInOrder() {
        memory.watchWrites((address, bytes) -> seen.add("first"));
        memory.watchWrites((address, bytes) -> seen.add("second"));

        memory.writeLong(0x1000, 1);

        assertThat(seen).containsExactly("first", "second");
    }

    @Test
    void shouldCoverAWriteThatCrossesAPage() {
        boolean[] touched = new boolean[8];
        memory.watchWrites((address, bytes) -> {
            for (int i = 0; i < bytes; i++) {
                touched[(int) (address - 0x1FFD) + i] = true;
            }
        });

        memory.writeLong(0x1FFD, -1L);

        assertThat(touched).containsOnly(true);
    }

    @Test
    void shouldForgetWatchersWhenClosed() {
        memory.watchWrites((address, bytes) -> seen.add("written"));
        memory.close();

        memory.writeLong(0x1000, 1);

        assertThat(seen).isEmpty();
    }
}
