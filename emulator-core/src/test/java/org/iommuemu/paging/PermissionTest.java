// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PermissionTest {
    @Test
    void shouldHaveOneBitForEachKindAndPrivilege() {
        assertThat(Permission.of(true, true, false, false)).isEqualTo(Permission.PRIVILEGED_READ);
        assertThat(Permission.of(true, false, true, false)).isEqualTo(Permission.PRIVILEGED_WRITE);
        assertThat(Permission.of(true, false, false, true)).isEqualTo(Permission.PRIVILEGED_EXECUTE);
        assertThat(Permission.of(false, true, false, false)).isEqualTo(Permission.UNPRIVILEGED_READ);
        assertThat(Permission.of(false, false, true, false)).isEqualTo(Permission.UNPRIVILEGED_WRITE);
        assertThat(Permission.of(false, false, false, true)).isEqualTo(Permission.UNPRIVILEGED_EXECUTE);
    }

    @Test
    void shouldHaveAllSixBitsInAll() {
        assertThat(Permission.of(true, true, true, true) + Permission.of(false, true, true, true))
                .isEqualTo(Permission.ALL)
                .isEqualTo(0b111111);
    }

    @Test
    void shouldCountTheReadsOfBothPrivileges() {
        assertThat(Permission.READS).isEqualTo(0b001001);
    }

    @Test
    void shouldPrintPrivilegedFirst() {
        assertThat(Permission.text(0)).isEqualTo("---/---");
        assertThat(Permission.text(Permission.ALL)).isEqualTo("rwx/rwx");
        assertThat(Permission.text(Permission.PRIVILEGED_READ | Permission.UNPRIVILEGED_EXECUTE))
                .isEqualTo("r--/--x");
        assertThat(Permission.text(Permission.PRIVILEGED_WRITE | Permission.UNPRIVILEGED_WRITE))
                .isEqualTo("-w-/-w-");
    }
}
