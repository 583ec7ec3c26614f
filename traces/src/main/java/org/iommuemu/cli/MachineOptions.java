// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what a DMA trace is replayed on; each stands for a key of configurations. */
final class MachineOptions {
    @Option(
            names = "--iommu",
            paramLabel = "I",
            description = "of a DMA trace: smmuv3, vtd-legacy or vtd-scalable (default: machine.iommu of the"
                    + " configuration, smmuv3)")
    private @Nullable String iommu;

    @Option(
            names = "--stages",
            paramLabel = "S",
            description =
                    "of a DMA trace: stages that translate: 1, 2 or nested (default: machine.stages of the configuration, 1)")
    private @Nullable String stages;

    @Option(
            names = "--unmap",
            paramLabel = "U",
            description = "of a DMA trace: strict, or lazy, which invalidates later what is unmapped (default:"
                    + " machine.unmap of the configuration, strict)")
    private @Nullable String unmap;

    @Option(
            names = "--mapping",
            paramLabel = "M",
            description = "of a DMA trace: how pages appear: as the trace maps them, or at first touch, as identity or"
                    + " first-touch (default: machine.mapping of the configuration, trace)")
    private @Nullable String mapping;

    @Option(
            names = "--page",
            paramLabel = "P",
            description = "of a DMA trace: size of pages that appear at first touch: 4k, 16k, 64k, 2m or 1g (default:"
                    + " machine.page of the configuration, 4k)")
    private @Nullable String page;

    private Map<Parameter, String> given() {
        Map<Parameter, String> all = new EnumMap<>(Parameter.class);
        put(all, Parameter.IOMMU, iommu);
        put(all, Parameter.STAGES, stages);
        put(all, Parameter.UNMAP, unmap);
        put(all, Parameter.MAPPING, mapping);
        put(all, Parameter.PAGE, page);
        return all;
    }

    private static void put(Map<Parameter, String> all, Parameter p, @Nullable String value) {
        if (value != null) {
            all.put(p, value);
        }
    }

    /** The first that was given, or null if none was. */
    @Nullable
    String first() {
        return given().keySet().stream().findFirst().map(MachineOptions::option).orElse(null);
    }

    private static String option(Parameter p) {
        return "--" + p.key().substring(p.key().indexOf('.') + 1);
    }

    /**
     * Settings with what was given.
     *
     * @throws InputException if a value is not legal
     */
    Settings in(Settings settings) {
        Settings all = settings;
        for (Map.Entry<Parameter, String> e : given().entrySet()) {
            if (!e.getKey().takes(e.getValue())) {
                throw new InputException(
                        option(e.getKey()) + " is '" + e.getValue() + "'",
                        e.getKey().legal());
            }
            all = all.with(e.getKey(), e.getValue());
        }
        return all;
    }
}
