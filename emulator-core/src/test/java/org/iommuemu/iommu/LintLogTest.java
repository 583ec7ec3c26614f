// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LintLogTest {
    private enum Rules implements LintRule {
        ONE,
        TWO;

        @Override
        public String id() {
            return name();
        }

        @Override
        public String field() {
            return "field";
        }

        @Override
        public String text() {
            return "text of " + name();
        }

        @Override
        public String section() {
            return "§1";
        }
    }

    @Test
    void shouldReportEachRuleAndPlaceOnceInTheOrderOfFirstOccurrence() {
        LintLog log = new LintLog();
        log.add(Rules.TWO, "here", 0x10);
        log.add(Rules.ONE, "here", 0x20);
        log.add(Rules.TWO, "there", 0x30);
        log.add(Rules.TWO, "here", 0x40);

        assertThat(log.findings())
                .containsExactly(
                        new LintFinding(Rules.TWO, "here", 0x10, 2),
                        new LintFinding(Rules.ONE, "here", 0x20, 1),
                        new LintFinding(Rules.TWO, "there", 0x30, 1));
        assertThat(log.findings().get(0).text()).isEqualTo("TWO  here: text of TWO (seen 0x10, §1) x2");
    }

    @Test
    void shouldCountButNotKeepWhatIsBeyondItsBound() {
        LintLog log = new LintLog(2);
        log.add(Rules.ONE, "a", 0);
        log.add(Rules.ONE, "b", 0);
        log.add(Rules.ONE, "c", 0);
        log.add(new LintFinding(Rules.ONE, "d", 0, 4));
        log.add(Rules.ONE, "b", 0);

        assertThat(log.findings())
                .containsExactly(new LintFinding(Rules.ONE, "a", 0, 1), new LintFinding(Rules.ONE, "b", 0, 2));
        assertThat(log.dropped()).isEqualTo(5);
    }
}
