// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A picture is 400 by 250; between the axes, x goes from 70 to 376 and y from 206 up to 10. */
class ChartTest {
    private static String svg(LineChart c) {
        Markup m = new Markup();
        c.into(m);
        return m.toString();
    }

    private static LineChart chart() {
        return new LineChart("t", Axis.linear("x", 0, 10), Axis.linear("y", 0, 100));
    }

    @Test
    void shouldPlacePointsByTheAxes() {
        String svg = svg(chart().points("p", 1, new double[] {5, 10}, new double[] {25, 100}));

        assertThat(svg)
                .contains(
                        "<circle class=\"dot s1\" cx=\"223\" cy=\"157\" r=\"3.5\"><title>p: 25 (y) at 5</title></circle>")
                .contains("cx=\"376\" cy=\"10\"");
    }

    @Test
    void shouldLeaveGapsInALineForWhatIsNoNumber() {
        String svg = svg(chart().line("l", 0, new double[] {0, 5, 6, 10}, new double[] {0, 50, Double.NaN, 100}));

        assertThat(svg).contains("d=\"M70 206L223 108M376 10h0\"");
    }

    @Test
    void shouldGoThereAlongTheUpperEdgeOfABandAndBackAlongTheLower() {
        String svg = svg(chart().band("b", 0, new double[] {0, 10}, new double[] {0, 50}, new double[] {50, 100}));

        assertThat(svg).contains("class=\"area band s0\" d=\"M70 108L376 10L376 108L70 206Z\"");
    }

    @Test
    void shouldLeaveGapsInAnAreaForWhatIsNoNumber() {
        double nan = Double.NaN;
        double[] lows = {0, 0, nan, 0, 0};
        String svg =
                svg(chart().area("a", 0, new double[] {0, 5, 5, 5, 10}, lows, new double[] {50, 50, nan, 100, 100}));

        assertThat(svg).contains("d=\"M70 108L223 108L223 206L70 206ZM223 10L376 10L376 206L223 206Z\"");
    }

    @Test
    void shouldNameAxesAndTicks() {
        String svg = svg(chart());

        assertThat(svg)
                .contains(">x</text>", ">y</text>", "aria-label=\"t\"")
                .contains("<text class=\"end\" x=\"62\" y=\"112\">50</text>")
                .contains("<text class=\"mid\" x=\"223\" y=\"223\">5</text>");
    }

    @Test
    void shouldStackBars() {
        Markup m = new Markup();
        Bars.stacked("t", Axis.linear("ns", 0, 100), List.of("a", "b"))
                .group("g", 25, 50)
                .into(m);

        // From 8 to 376: 3.68 for each ns.
        assertThat(m.toString())
                .contains("class=\"area s0\" x=\"8\" y=\"28\" width=\"92\" height=\"14\"><title>g, a: 25</title>")
                .contains("class=\"area s1\" x=\"100\" y=\"28\" width=\"184\" height=\"14\"><title>g, b: 50</title>");
    }

    @Test
    void shouldPutBarsSideBySide() {
        Markup m = new Markup();
        Bars.sideBySide("t", Axis.linear("ns", 0, 100), List.of("a", "b"))
                .group("g", 25, 50)
                .group("h", 0, 100)
                .into(m);

        assertThat(m.toString())
                .contains("class=\"area s1\" x=\"8\" y=\"42\" width=\"184\" height=\"14\"><title>g, b: 50</title>")
                .contains("class=\"area s1\" x=\"8\" y=\"96\" width=\"368\" height=\"14\"><title>h, b: 100</title>")
                .doesNotContain("h, a");
    }

    @Test
    void shouldRefuseUnequalLengths() {
        LineChart c = chart();
        assertThatThrownBy(() -> c.points("p", 0, new double[1], new double[2]))
                .hasMessage("as many x as y expected of p");
        assertThatThrownBy(() -> new Table().text("a").row("1", "2")).hasMessage("2 cells, expected 1");
    }
}
