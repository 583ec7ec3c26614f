// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.experiment.Experiment;
import org.iommuemu.experiment.Point;
import org.iommuemu.experiment.Series;

/** Comparisons of experiments as JSON. */
public final class ExperimentJson {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private ExperimentJson() {}

    /** The document: experiments, their series, and the points of each. */
    public static String of(Map<Experiment, List<Series>> results) {
        List<Object> experiments = new ArrayList<>();
        results.forEach((e, series) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("id", e.id());
            one.put("title", e.title());
            one.put("within", series.stream().allMatch(Series::holds));
            one.put("series", series.stream().map(ExperimentJson::of).toList());
            experiments.add(one);
        });
        try {
            return JSON.writeValueAsString(Map.of("experiments", experiments)) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, Object> of(Series s) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("name", s.name());
        one.put("unit", s.unit());
        if (!s.preset().equals(Series.NO_PRESET)) {
            one.put("preset", s.preset());
        }
        one.put("within", s.holds());
        one.put("relative", s.tolerance().relative());
        one.put("meanError", s.tolerance().meanOf(s.points()));
        one.put("mostError", s.tolerance().mostOf(s.points()));
        if (!Double.isInfinite(s.tolerance().mean())) {
            one.put("meanLimit", s.tolerance().mean());
        }
        one.put("anyLimit", s.tolerance().any());
        List<Object> points = new ArrayList<>();
        for (Point p : s.points()) {
            Map<String, Object> point = new LinkedHashMap<>();
            point.put("at", p.at().text());
            if (p.at().isOnAxis()) {
                point.put("value", p.at().value());
            }
            point.put("measured", p.measured());
            point.put("model", p.model());
            point.put("error", s.tolerance().errorOf(p));
            points.add(point);
        }
        one.put("points", points);
        return one;
    }
}
