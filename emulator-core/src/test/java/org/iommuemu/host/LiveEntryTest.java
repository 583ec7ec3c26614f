// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.memory.PhysicalMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What hardware sees of a structure between the steps that it is told of. */
class LiveEntryTest {
    private static final long AT = 0x1000;
    private static final long VALID = 1;
    /** Says that words 1 and 2 are used. */
    private static final long EXTENDED = 1 << 1;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<String> seen = new ArrayList<>();
    private final LiveEntry entry = new LiveEntry(memory, AT, VALID, LiveEntryTest::used, this::look);

    @AfterEach
    void close() {
        memory.close();
    }

    private static long[] used(long[] e) {
        boolean valid = (e[0] & VALID) != 0;
        boolean extended = valid && (e[0] & EXTENDED) != 0;
        return new long[] {valid ? 0xFF : VALID, extended ? -1 : 0, extended ? -1 : 0, 0, 0, 0, 0, 0};
    }

    private void look() {
        seen.add(String.format("%x %x %x", memory.readLong(AT), memory.readLong(AT + 8), memory.readLong(AT + 16)));
    }

    private void put(long... words) {
        for (int i = 0; i < words.length; i++) {
            memory.writeLong(AT + i * 8L, words[i]);
        }
    }

    @Test
    void shouldSayNothingWhereNothingChanges() {
        put(VALID, 0, 0);

        entry.become(new long[] {VALID, 0, 0, 0, 0, 0, 0, 0});

        assertThat(seen).isEmpty();
    }

    @Test
    void shouldPrepareWhatIsNotUsedYetAndThenUseIt() {
        put(VALID, 0, 0);

        entry.become(new long[] {VALID | EXTENDED, 0xA, 0xB, 0, 0, 0, 0, 0});

        assertThat(seen).containsExactly("1 a b", "3 a b");
    }

    @Test
    void shouldClearWhatIsNotUsedAnyMoreInTheEnd() {
        put(VALID | EXTENDED, 0xA, 0xB);

        entry.become(new long[] {VALID, 0, 0, 0, 0, 0, 0, 0});

        assertThat(seen).containsExactly("1 a b", "1 0 0");
    }

    @Test
    void shouldChangeOneUsedWordAtOnce() {
        put(VALID | EXTENDED, 0xA, 0xB);

        entry.become(new long[] {VALID | EXTENDED, 0xC, 0xB, 0, 0, 0, 0, 0});

        assertThat(seen).containsExactly("3 c b");
    }

    @Test
    void shouldBeInvalidWhileSeveralUsedWordsChange() {
        put(VALID | EXTENDED, 0xA, 0xB);

        entry.become(new long[] {VALID | EXTENDED, 0xC, 0xD, 0, 0, 0, 0, 0});

        assertThat(seen).containsExactly("2 a b", "2 c d", "3 c d");
    }
}
