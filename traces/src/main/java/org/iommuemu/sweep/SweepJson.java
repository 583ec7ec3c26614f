// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Writer;
import java.util.Map;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.imports.ImportSource;

/**
 * Results as JSON: what every machine has once, and of each preset, study and point what it has besides. Names are documented in
 * docs/sweep.md.
 */
public final class SweepJson {
    private static final DefaultIndenter LINES = new DefaultIndenter("  ", "\n");

    private final SweepResults results;
    private final JsonGenerator out;

    private SweepJson(SweepResults results, JsonGenerator out) {
        this.results = results;
        this.out = out;
    }

    /** Writes the document. */
    public static void write(SweepResults results, Writer writer) throws IOException {
        try (JsonGenerator out = new ObjectMapper().createGenerator(writer)) {
            out.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            out.setPrettyPrinter(
                    new DefaultPrettyPrinter().withObjectIndenter(LINES).withArrayIndenter(LINES));
            new SweepJson(results, out).document();
        }
        writer.write('\n');
    }

    private void document() throws IOException {
        out.writeStartObject();
        columns();
        usual();
        presets();
        traces();
        out.writeArrayFieldStart("sweeps");
        for (Sweep sweep : results.plan().file().sweeps()) {
            sweep(sweep);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private void columns() throws IOException {
        out.writeObjectFieldStart("columns");
        for (Metric m : results.metrics()) {
            out.writeObjectFieldStart(m.label());
            out.writeStringField("unit", m.unit());
            out.writeStringField("meaning", m.meaning());
            out.writeEndObject();
        }
        out.writeEndObject();
    }

    private void usual() throws IOException {
        out.writeObjectFieldStart("usual");
        for (Parameter p : Parameter.values()) {
            out.writeStringField(p.key(), p.usual());
        }
        out.writeEndObject();
    }

    private void presets() throws IOException {
        out.writeObjectFieldStart("presets");
        for (String name : Presets.names()) {
            if (results.plan().file().sweeps().stream()
                    .anyMatch(s -> s.presets().contains(name))) {
                out.writeObjectFieldStart(name);
                Settings preset = Presets.named(name);
                for (Parameter p : Parameter.values()) {
                    if (preset.values().containsKey(p)) {
                        out.writeStringField(p.key(), preset.text(p));
                    }
                }
                out.writeEndObject();
            }
        }
        out.writeEndObject();
    }

    private void traces() throws IOException {
        out.writeObjectFieldStart("traces");
        for (TraceSource trace : results.plan().file().traces()) {
            out.writeObjectFieldStart(trace.name());
            if (trace instanceof TraceSource.Recorded recorded) {
                out.writeStringField("file", recorded.location());
            } else if (trace instanceof TraceSource.Generated made) {
                out.writeStringField("generated", made.pattern().provenance(made.parameters()));
            } else if (trace instanceof TraceSource.Imported imported) {
                out.writeStringField("imported", imported.input());
                ImportSource from = imported.from();
                if (from != null) {
                    out.writeStringField("from", from.label());
                }
            }
            for (PointResult r : results.results()) {
                if (r.point().trace().equals(trace.name())) {
                    out.writeStringField("sha256", r.point().digest());
                    break;
                }
            }
            out.writeEndObject();
        }
        out.writeEndObject();
    }

    private void sweep(Sweep sweep) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", sweep.name());
        out.writeBooleanField("timed", sweep.timed());
        if (sweep.timed()) {
            out.writeNumberField("closedLoop", sweep.outstanding());
            out.writeNumberField("skip", sweep.window().skip());
            out.writeNumberField("warmUp", sweep.window().warmUp());
            if (sweep.window().measure() != MeasureWindow.ALL) {
                out.writeNumberField("measure", sweep.window().measure());
            }
        }
        out.writeObjectFieldStart("set");
        for (Map.Entry<Parameter, String> e : sweep.fixed().entrySet()) {
            out.writeStringField(e.getKey().key(), e.getValue());
        }
        out.writeEndObject();
        out.writeArrayFieldStart("points");
        for (PointResult r : results.of(sweep)) {
            point(r);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private void point(PointResult r) throws IOException {
        SweepPoint p = r.point();
        out.writeStartObject();
        out.writeNumberField("point", p.number());
        out.writeStringField("id", p.id());
        out.writeStringField("trace", p.trace());
        out.writeStringField("preset", p.preset());
        out.writeObjectFieldStart("parameters");
        for (Map.Entry<String, String> e : p.varied().entrySet()) {
            out.writeStringField(e.getKey(), e.getValue());
        }
        out.writeEndObject();
        if (r.failure() != null) {
            out.writeStringField("error", r.failure());
        } else {
            out.writeObjectFieldStart("figures");
            for (Map.Entry<Metric, Long> e : r.values().entrySet()) {
                out.writeFieldName(e.getKey().label());
                out.writeNumber(e.getKey().text(e.getValue()));
            }
            out.writeEndObject();
        }
        out.writeEndObject();
    }
}
