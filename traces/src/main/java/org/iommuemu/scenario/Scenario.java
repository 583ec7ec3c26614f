// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.capture.OneLine;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.jspecify.annotations.Nullable;

/**
 * One scenario.
 *
 * @param file where it stands
 * @param line on which line
 * @param name its name, as {@link OneLine}
 * @param smmu features of the SMMUv3 it is for, or null
 * @param vtd features of the VT-d unit it is for, or null
 * @param cannotStall streams whose transactions must not be kept waiting
 * @param ram memory that exists, as pairs of base and size; empty if all does
 * @param steps what happens, in order
 * @param notes its recorder's remarks
 */
public record Scenario(
        Path file,
        long line,
        String name,
        @Nullable SmmuFeatures smmu,
        @Nullable VtdFeatures vtd,
        Set<Integer> cannotStall,
        List<long[]> ram,
        List<Step> steps,
        Notes notes) {

    static Scenario parse(Path file, long line, String text) {
        JsonObject json = JsonObject.parseLine(file, line, text);
        String iommu = json.text("iommu");
        if (!iommu.equals("smmuv3") && !iommu.equals("vtd")) {
            throw json.wrong("iommu", "\"smmuv3\" or \"vtd\"");
        }
        JsonObject features = json.object("features");
        List<long[]> ram = new ArrayList<>();
        if (features.has("ram")) {
            for (JsonObject range : features.objects("ram")) {
                long base = range.number("base", 0, (1L << 52) - 1);
                ram.add(new long[] {base, range.number("size", 1, (1L << 52) - base)});
            }
        }
        List<Step> steps = new ArrayList<>();
        Set<Integer> functions = new HashSet<>();
        for (JsonObject step : json.objects("steps")) {
            steps.add(checked(Step.parse(step), step, functions));
        }
        Notes notes = Notes.parse(json.has("note") ? json.text("note") : "");
        return new Scenario(
                file,
                line,
                OneLine.of(json.text("name")),
                iommu.equals("smmuv3") ? smmu(features, json) : null,
                iommu.equals("vtd") ? vtd(features, json, notes) : null,
                cannotStall(features),
                ram,
                List.copyOf(steps),
                notes);
    }

    /** A step for a function must come behind the one that adds it. */
    private static Step checked(Step step, JsonObject json, Set<Integer> functions) {
        if (step instanceof TimedStep.Device d && !functions.add(d.requester())) {
            throw json.wrong("requester", "one without a device step before");
        }
        boolean linked = step instanceof TimedStep t && t.requester() != TimedStep.NOBODY;
        if (linked && !functions.contains(((TimedStep) step).requester())) {
            throw json.wrong("requester", "that of a device step before");
        }
        if (step instanceof DeviceStep.TranslationRequest r && r.count() > 1 && !functions.contains(r.requester())) {
            throw json.wrong("count", "1, or the requester of a device step before");
        }
        return step;
    }

    /** Whether time passes in it. */
    boolean isTimed() {
        return steps.stream().anyMatch(TimedStep.class::isInstance);
    }

    private static Set<Integer> cannotStall(JsonObject features) {
        Set<Integer> streams = new HashSet<>();
        if (features.has("cannot_stall")) {
            for (long stream : features.numbers("cannot_stall")) {
                streams.add((int) stream);
            }
        }
        return Set.copyOf(streams);
    }

    private static SmmuFeatures smmu(JsonObject features, JsonObject scenario) {
        try {
            return new SmmuFeatures(
                    register(features, "idr0"),
                    register(features, "idr1"),
                    register(features, "idr3"),
                    register(features, "idr5"),
                    register(features, "iidr"),
                    register(features, "aidr"));
        } catch (IllegalArgumentException e) {
            throw scenario.wrong("features", "a possible SMMUv3 (" + e.getMessage() + ")");
        }
    }

    /** The recorder whose remark is flts-aw used a field that ECAP.SSTS=0 would make reserved. */
    private static VtdFeatures vtd(JsonObject features, JsonObject scenario, Notes notes) {
        long secondStage = notes.ids().contains("QUIRK flts-aw") ? ExtendedCapability.SSTS.mask() : 0;
        try {
            return new VtdFeatures(
                    features.number("ver", 0, 0xFFFF_FFFFL),
                    features.number("cap"),
                    features.number("ecap") | secondStage);
        } catch (IllegalArgumentException e) {
            throw scenario.wrong("features", "a possible VT-d unit (" + e.getMessage() + ")");
        }
    }

    private static long register(JsonObject features, String name) {
        return features.number(name, 0, 0xFFFF_FFFFL);
    }

    /** The same with other steps. */
    Scenario withSteps(List<Step> other) {
        return new Scenario(file, line, name, smmu, vtd, cannotStall, ram, List.copyOf(other), notes);
    }

    /** {@code file:line}. */
    public String place() {
        return OneLine.of(file + ":" + line);
    }

    /**
     * All scenarios of a file.
     *
     * @throws InputException naming file, line and field of what is wrong
     */
    public static List<Scenario> readAll(Path file) {
        List<Scenario> all = new ArrayList<>();
        ScenarioFile.forEachLine(file, (line, text) -> all.add(parse(file, line, text)));
        return all;
    }
}
