// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PageTest {
    private static final String HOSTILE = "\"><img src=x onerror=alert(1)><!-- ]]> & \u0007";

    private static String page() {
        return Page.of(HOSTILE, m -> {
            new Table().text(HOSTILE).row(HOSTILE).folded(m, HOSTILE);
            new LineChart(HOSTILE, Axis.linear(HOSTILE, 0, 1), Axis.bytes(HOSTILE, 1, 1024))
                    .line(HOSTILE, 0, new double[] {0, 1}, new double[] {1, 2})
                    .points(HOSTILE, 1, new double[] {0}, new double[] {1})
                    .into(m);
            Bars.stacked(HOSTILE, Axis.linear(HOSTILE, 0, 1), List.of(HOSTILE))
                    .group(HOSTILE, 1)
                    .into(m);
        });
    }

    @Test
    void shouldTakeHostileTextAsText() {
        Document d = Document.of(page()).isSelfContained();

        String shown = HOSTILE.replace('\u0007', '\uFFFD');
        assertThat(d.texts("h1")).containsExactly(shown);
        assertThat(d.texts("td")).containsExactly(shown);
        assertThat(d.texts("summary")).containsExactly(shown);
        assertThat(d.texts("figcaption")).containsExactly(shown, shown);
    }

    @Test
    void shouldBeHtml() {
        assertThat(page()).startsWith("<!DOCTYPE html>\n<html lang=\"en\">");
        assertThat(page()).isEqualTo(page());
    }

    @Test
    void shouldHaveAStyleForEveryStyleAndBothColourSchemes() {
        String css = Document.of(page()).texts("style").get(0);

        for (int i = 0; i < Plot.STYLES; i++) {
            assertThat(css).contains(".line.s" + i + " {", ".area.s" + i + " {", ".dot.s" + i + ",");
            assertThat(css.split("--s" + i + ":", -1)).as("light, dark, print").hasSize(4);
        }
        assertThat(css).doesNotContain("<", "&", ">");
    }
}
