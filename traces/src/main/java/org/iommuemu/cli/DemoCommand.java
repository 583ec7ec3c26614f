// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.iommuemu.capture.InputException;
import org.iommuemu.demo.Demo;
import org.iommuemu.demo.Demos;
import org.iommuemu.demo.Story;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.report.DemoHtml;
import org.iommuemu.report.ResultFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code demo}: small stories with real output. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Lets a small story happen on a whole machine, and tells it; without a name, lists them.")
final class DemoCommand implements Callable<Integer> {
    /** Architectures by the names that scenarios have for them. */
    enum Architecture {
        /** Arm SMMUv3. */
        SMMUV3,
        /** Intel VT-d. */
        VTD
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "which story")
    private @Nullable String name;

    @Option(names = "--iommu", paramLabel = "ARCH", description = "smmuv3 or vtd; default: what the story is of")
    private @Nullable Architecture iommu;

    @Option(names = "--report", paramLabel = "FILE", description = "write a page with what was told and plotted")
    private @Nullable Path report;

    @Override
    public Integer call() {
        PrintWriter out = Output.out(spec);
        if (name == null) {
            Demos.all().forEach(d -> out.println(String.format("%-20s %s", d.name(), d.title())));
            return Main.DONE;
        }
        if (report != null) {
            ResultFile.check(report);
        }
        Demo demo = demo(name);
        StringBuilder told = new StringBuilder();
        boolean vtd = iommu == null ? demo.wantsVtd() : iommu == Architecture.VTD;
        try (Platform machine =
                vtd ? Platform.vtd(PlatformParameters.standard()) : Platform.smmuv3(PlatformParameters.standard())) {
            Story story = new Story(machine.loop(), line -> {
                told.append(line).append('\n');
                out.println(line);
            });
            demo.play(machine, story);
            int all = story.held() + story.failed();
            story.say(story.held() + " of " + all + " hold");
            if (report != null) {
                ResultFile.write(report, DemoHtml.of(demo.title(), told.toString(), story.curves()));
            }
            return story.failed() == 0 ? Main.DONE : Main.DISAGREED;
        }
    }

    private static Demo demo(String wanted) {
        List<Demo> all = Demos.all();
        return all.stream()
                .filter(d -> d.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new InputException(
                        "unknown story '" + wanted + "'",
                        all.stream().map(Demo::name).collect(Collectors.joining(", ", "one of ", ""))));
    }
}
