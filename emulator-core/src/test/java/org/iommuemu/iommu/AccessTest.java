// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.paging.Permission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessTest {
    /** Code bits: atomic, privileged, instruction, write. */
    @ParameterizedTest(name = "{0} needs {1}")
    @CsvSource({
        "0000, ---/r--",
        "0001, ---/-w-",
        "0010, ---/--x",
        "0011, ---/-w-",
        "0100, r--/---",
        "0101, -w-/---",
        "0110, --x/---",
        "0111, -w-/---",
        "1000, ---/rw-",
        "1001, ---/rw-",
        "1010, ---/rw-",
        "1011, ---/rw-",
        "1100, rw-/---",
        "1101, rw-/---",
        "1110, rw-/---",
        "1111, rw-/---"
    })
    void shouldNeedWhatTheTruthTableSays(String code, String need) {
        assertThat(Permission.text(Access.need(Integer.parseInt(code, 2)))).isEqualTo(need);
    }

    @ParameterizedTest(name = "{0}: write {1}, instruction {2}, privileged {3}")
    @CsvSource({
        "0000, false, false, false",
        "0001, true, false, false",
        "0010, false, true, false",
        "0011, true, false, false",
        "0110, false, true, true",
        "0111, true, false, true",
        "1000, true, false, false",
        "1010, true, false, false",
        "1111, true, false, true"
    })
    void shouldTakeWritesAndAtomicsForDataAlways(String code, boolean write, boolean instruction, boolean privileged) {
        int access = Integer.parseInt(code, 2);

        assertThat(Access.isWrite(access)).isEqualTo(write);
        assertThat(Access.isInstruction(access)).isEqualTo(instruction);
        assertThat(Access.isPrivileged(access)).isEqualTo(privileged);
    }

    @Test
    void shouldComposeCodesOfTheDocumentedBits() {
        assertThat(Access.WRITE | Access.INSTRUCTION | Access.PRIVILEGED | Access.ATOMIC)
                .isEqualTo(15);
        assertThat(Access.CODES).isEqualTo(16);
        assertThat(Access.READ).isZero();
    }

    @Test
    void shouldCutAnAccessToItsFourBits() {
        Transaction t = new Transaction().set(5, 6, 7, 0x35);

        assertThat(t.access()).isEqualTo(5);
        assertThat(t.streamId()).isEqualTo(5);
        assertThat(t.substreamId()).isEqualTo(6);
        assertThat(t.address()).isEqualTo(7);
        assertThat(t.hasSubstream()).isTrue();
    }

    @Test
    void shouldForgetTheSubstreamOfAnEarlierRequest() {
        Transaction t = new Transaction().set(1, 2, 3, Access.PRIVILEGED);

        assertThat(t.write(4, 5).hasSubstream()).isFalse();
        assertThat(t.access()).isEqualTo(Access.WRITE);
        assertThat(t.read(6, 7).access()).isEqualTo(Access.READ);
        assertThat(t.streamId()).isEqualTo(6);
    }
}
