// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** DDI 0487 §D8.4, the direct scheme. */
class Aarch64PermissionsTest {
    private static final int INPUTS = 12;

    @ParameterizedTest(name = "AP[2:1]={0}: {1}")
    @CsvSource({"0, rwx/--x", "1, rw-/rwx", "2, r-x/--x", "3, r-x/r-x"})
    void shouldTakeTheAccessPermissionsOfTheLeaf(long ap, String text) {
        assertThat(text(ap << 6, 0, 0)).isEqualTo(text);
    }

    @Test
    void shouldLetAPageBeExecutedThatCannotBeRead() {
        assertThat(text(2L << 6, 0, 0)).endsWith("/--x");
    }

    @ParameterizedTest(name = "bit {0}: {1}")
    @CsvSource({"53, r--/r-x", "54, r-x/r--"})
    void shouldTakeExecuteNeverByPrivilege(int bit, String text) {
        assertThat(text(3L << 6 | 1L << bit, 0, 0)).isEqualTo(text);
    }

    @ParameterizedTest(name = "bit {0}: {1}")
    @CsvSource({"59, rw-/rwx", "60, rw-/rw-", "61, rwx/--x", "62, r-x/r-x", "63, rw-/rwx"})
    void shouldTakeRestrictionsOfTheTablesAbove(int bit, String text) {
        assertThat(text(1L << 6, 1L << bit, 0)).isEqualTo(text);
    }

    @Test
    void shouldDenyPrivilegedDataWhereUnprivilegedHasAccessUnderPan() {
        assertThat(text(1L << 6, 0, Aarch64Stage1.PAN)).isEqualTo("---/rwx");
        assertThat(text(0, 0, Aarch64Stage1.PAN)).isEqualTo("rwx/--x");
        assertThat(text(0, 0, Aarch64Stage1.PAN | Aarch64Stage1.EPAN)).isEqualTo("--x/--x");
    }

    @Test
    void shouldIgnoreEpanWithoutPan() {
        assertThat(text(0, 0, Aarch64Stage1.EPAN)).isEqualTo("rwx/--x");
    }

    @Test
    void shouldNotExecuteWhatIsWritableUnderWxn() {
        assertThat(text(1L << 6, 0, Aarch64Stage1.WXN)).isEqualTo("rw-/rw-");
        assertThat(text(0, 0, Aarch64Stage1.WXN)).isEqualTo("rw-/--x");
        assertThat(text(3L << 6, 0, Aarch64Stage1.WXN)).isEqualTo("r-x/r-x");
    }

    @Test
    void shouldGiveBothPrivilegesTheSameWhenThereIsOne() {
        assertThat(text(2L << 6, 0, Aarch64Stage1.ONE_PRIVILEGE)).isEqualTo("r-x/r-x");
        assertThat(text(1L << 53, 0, Aarch64Stage1.ONE_PRIVILEGE | Aarch64Stage1.PAN))
                .isEqualTo("rwx/rwx");
    }

    @Test
    void shouldAgreeWithTheTruthTable() {
        for (int inputs = 0; inputs < 1 << INPUTS; inputs++) {
            Truth t = new Truth(inputs);
            String actual = text(t.leaf(), t.tables(), t.controls());
            if (!actual.equals(t.text())) {
                assertThat(actual).as(t.toString()).isEqualTo(t.text());
            }
        }
    }

    @Test
    void shouldIgnoreAllOtherBits() {
        for (int inputs = 0; inputs < 1 << INPUTS; inputs++) {
            Truth t = new Truth(inputs);
            long otherLeafBits = ~(0xC0L | 3L << 53);
            long otherTableBits = ~(15L << 59);
            String actual = text(t.leaf() | otherLeafBits, t.tables() | otherTableBits, t.controls());
            if (!actual.equals(t.text())) {
                assertThat(actual).as(t.toString()).isEqualTo(t.text());
            }
        }
    }

    @Test
    void shouldMarkALeafDirtyOnlyWhereDbmLetsIt() {
        assertThat(Aarch64Stage1.dirty(1L << 51 | 0xC0)).isEqualTo(1L << 51 | 0x40);
        assertThat(Aarch64Stage1.dirty(0xC0)).isEqualTo(0xC0);
        assertThat(Aarch64Stage1.dirty(-1L)).isEqualTo(-1L - 0x80);
    }

    private static String text(long leaf, long restrictions, int controls) {
        return Permission.text(Aarch64Stage1.permissions(leaf, restrictions, controls));
    }

    /** One row: twelve inputs, and the answer told the way the specification tells it. */
    private record Truth(int inputs) {
        private boolean input(int bit) {
            return inputs / (1 << bit) % 2 == 1;
        }

        long leaf() {
            return (input(0) ? 0x40L : 0)
                    + (input(1) ? 0x80L : 0)
                    + (input(2) ? 0x0020_0000_0000_0000L : 0)
                    + (input(3) ? 0x0040_0000_0000_0000L : 0);
        }

        long tables() {
            return (input(4) ? 0x2000_0000_0000_0000L : 0)
                    + (input(5) ? 0x4000_0000_0000_0000L : 0)
                    + (input(6) ? 0x0800_0000_0000_0000L : 0)
                    + (input(7) ? 0x1000_0000_0000_0000L : 0);
        }

        int controls() {
            return (input(8) ? Aarch64Stage1.WXN : 0)
                    + (input(9) ? Aarch64Stage1.PAN : 0)
                    + (input(10) ? Aarch64Stage1.EPAN : 0)
                    + (input(11) ? Aarch64Stage1.ONE_PRIVILEGE : 0);
        }

        String text() {
            return input(11) ? onePrivilege() : twoPrivileges();
        }

        private String onePrivilege() {
            String data = input(1) || input(5) ? "r-" : "rw";
            boolean executeNever = input(3) || input(7) || input(8) && data.equals("rw");
            String both = data + (executeNever ? "-" : "x");
            return both + "/" + both;
        }

        private String twoPrivileges() {
            String privileged = "";
            String unprivileged = "";
            switch (inputs % 4) {
                case 0 -> {
                    privileged = "rw";
                    unprivileged = "--";
                }
                case 1 -> {
                    privileged = "rw";
                    unprivileged = "rw";
                }
                case 2 -> {
                    privileged = "r-";
                    unprivileged = "--";
                }
                default -> {
                    privileged = "r-";
                    unprivileged = "r-";
                }
            }
            if (input(4)) {
                unprivileged = "--";
            }
            if (input(5)) {
                privileged = privileged.replace('w', '-');
                unprivileged = unprivileged.replace('w', '-');
            }
            String privilegedExecute = "x";
            if (input(2) || input(6)) {
                privilegedExecute = "-";
            }
            if (unprivileged.contains("w")) {
                privilegedExecute = "-";
            }
            String unprivilegedExecute = input(3) || input(7) ? "-" : "x";
            if (input(8)) {
                privilegedExecute = privileged.contains("w") ? "-" : privilegedExecute;
                unprivilegedExecute = unprivileged.contains("w") ? "-" : unprivilegedExecute;
            }
            if (input(9)) {
                boolean unprivilegedData = !unprivileged.equals("--");
                boolean counted = input(10) && unprivilegedExecute.equals("x");
                privileged = unprivilegedData || counted ? "--" : privileged;
            }
            return privileged + privilegedExecute + "/" + unprivileged + unprivilegedExecute;
        }
    }
}
