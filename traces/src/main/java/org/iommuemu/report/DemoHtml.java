// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Arrays;
import java.util.List;
import org.iommuemu.demo.Story;
import org.iommuemu.report.html.Axis;
import org.iommuemu.report.html.LineChart;
import org.iommuemu.report.html.Markup;
import org.iommuemu.report.html.Page;

/** A story as a page: what was told, and its values over time. */
public final class DemoHtml {
    private DemoHtml() {}

    /** The document. */
    public static String of(String title, String told, List<Story.Curve> curves) {
        return Page.of(title, m -> {
            if (!curves.isEmpty()) {
                chart(m, curves);
            }
            m.leaf("pre", told);
        });
    }

    private static void chart(Markup m, List<Story.Curve> curves) {
        double end = curves.stream()
                .flatMapToDouble(c -> Arrays.stream(c.times()))
                .max()
                .orElse(1);
        double most = curves.stream()
                .flatMapToDouble(c -> Arrays.stream(c.values()))
                .max()
                .orElse(1);
        LineChart chart =
                new LineChart("Bandwidth over time", Axis.linear("time (us)", 0, end), Axis.linear("GB/s", 0, most));
        for (int i = 0; i < curves.size(); i++) {
            Story.Curve c = curves.get(i);
            chart.line(c.name(), i, c.times(), c.values());
        }
        chart.into(m);
    }
}
