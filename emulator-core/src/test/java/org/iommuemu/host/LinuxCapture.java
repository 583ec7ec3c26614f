// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.iommuemu.host.DrivenUnit.Access;
import org.iommuemu.vtd.VtdFeatures;

/** What a capture of Linux' VT-d driver on QEMU has recorded, in the form of what {@link DrivenUnit} records. */
record LinuxCapture(String name, LinuxRelease release, StageLayout stages, boolean scalable) {
    static final LinuxCapture LEGACY_NVME = legacy("vtd-legacy-linux-nvme");
    static final LinuxCapture LEGACY_MIXED = legacy("vtd-legacy-linux-mixed");
    static final LinuxCapture LEGACY_FAULT = legacy("vtd-legacy-linux-fault");
    static final LinuxCapture LEGACY_PASSTHROUGH = legacy("vtd-legacy-linux-passthrough");
    static final LinuxCapture LEGACY_48 = legacy("vtd-legacy48-linux-vfio");
    static final LinuxCapture SCALABLE_MIXED = scalable("vtd-scalable-linux-mixed");
    static final LinuxCapture SCALABLE = scalable("vtd-scalable-linux-vfio");
    static final LinuxCapture LEGACY_6_12 =
            new LinuxCapture("vtd-ftrace-strict", LinuxRelease.LINUX_6_12, StageLayout.STAGE_2, false);
    static final LinuxCapture FIRST_STAGE =
            new LinuxCapture("vtd-flts-linux612-vfio", LinuxRelease.LINUX_6_12, StageLayout.STAGE_1, true);

    static List<LinuxCapture> all() {
        return List.of(
                LEGACY_NVME,
                LEGACY_MIXED,
                LEGACY_FAULT,
                LEGACY_PASSTHROUGH,
                LEGACY_48,
                SCALABLE_MIXED,
                SCALABLE,
                LEGACY_6_12,
                FIRST_STAGE);
    }

    private static LinuxCapture legacy(String name) {
        return new LinuxCapture(name, LinuxRelease.LINUX_6_1, StageLayout.STAGE_2, false);
    }

    private static LinuxCapture scalable(String name) {
        return new LinuxCapture(name, LinuxRelease.LINUX_6_1, StageLayout.STAGE_2, true);
    }

    @Override
    public String toString() {
        return name;
    }

    VtdOptions options() {
        return VtdOptions.linux(release, stages, scalable);
    }

    /** Register accesses from reset to the end of probing. */
    List<Access> registers() {
        return rows("registers").stream()
                .map(r -> new Access(
                        r.get(0).equals("write"),
                        number(r.get(1)),
                        (int) number(r.get(2)),
                        r.get(3).isEmpty() ? Access.UNKNOWN : number(r.get(3))))
                .toList();
    }

    /** The unit that it was recorded on. */
    VtdFeatures features() {
        List<Access> registers = registers();
        return new VtdFeatures(
                registers.get(4).value(),
                registers.get(0).value(),
                registers.get(1).value());
    }

    /** Interrupt remapping entries that the kernel wrote before anything was translated, in their order. */
    List<Integer> bootInterrupts() {
        return List.of(lines("registers").get(1).split(": ")[1].split(" ")).stream()
                .map(Integer::valueOf)
                .toList();
    }

    /** Rows of one of its tables, behind the headings. */
    List<List<String>> rows(String table) {
        return lines(table).stream()
                .filter(line -> !line.startsWith("#"))
                .skip(1)
                .map(line -> List.of(line.split(",", -1)))
                .toList();
    }

    /** Pairs of numbers of a table. */
    List<List<Long>> numbers(String table) {
        return rows(table).stream()
                .map(row -> row.stream().map(LinuxCapture::number).toList())
                .toList();
    }

    static long number(String text) {
        return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
    }

    private List<String> lines(String table) {
        String file = "linux/" + name + "." + table + ".csv";
        try (InputStream in = Objects.requireNonNull(LinuxCapture.class.getResourceAsStream(file), file);
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
