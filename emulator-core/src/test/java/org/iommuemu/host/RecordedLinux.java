// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.smmuv3.SmmuFeatures;

/**
 * What an unmodified Linux did to an SMMUv3 from reset on: what its kernel was asked for, the register accesses that followed, and the
 * commands in the queue, word for word. Resources of {@code linux/}, cut out of captures.
 *
 * @param name of the capture
 * @param calls what was asked for, for example {@code default,0x40}
 * @param accesses reads and writes: {@code write,CR1,0xd75}
 * @param commands {@code SYNC 0x000000000fc02046 0x0000000000000000}
 */
record RecordedLinux(String name, List<String[]> calls, List<RegisterAccess> accesses, List<String> commands) {
    /** Captures of Linux 6.1 on QEMU 7.2 and 10.0, and of 6.12 with pages of 16 KiB. */
    static final List<String> ALL = List.of(
            "linux-nvme",
            "linux-mixed",
            "linux-fault",
            "linux-lazy",
            "linux-passthrough",
            "linux-vfio",
            "s2-linux-vfio",
            "16k-linux612-vfio",
            "ftrace-strict",
            "ftrace-lazy");

    /**
     * One access.
     *
     * @param write or a read
     * @param offset in the frame; page 1 of the registers is recorded as page 0
     * @param bytes its size
     * @param value what was written or read
     */
    record RegisterAccess(boolean write, long offset, int bytes, long value) {
        @Override
        public String toString() {
            return String.format("%s 0x%x (%d) 0x%x", write ? "write" : "read", offset, bytes, value);
        }
    }

    static RecordedLinux of(String name) {
        List<String[]> calls = new ArrayList<>();
        List<RegisterAccess> accesses = new ArrayList<>();
        List<String> commands = new ArrayList<>();
        for (String[] c : rows(name)) {
            switch (c[0]) {
                case "call" -> calls.add(List.of(c).subList(1, c.length).toArray(new String[0]));
                case "command" -> commands.add(c[2] + " " + c[3] + " " + c[1]);
                default ->
                    accesses.add(new RegisterAccess(
                            c[0].equals("write"), Long.decode(c[2]), Integer.parseInt(c[3]), unsigned(c[4])));
            }
        }
        return new RecordedLinux(name, calls, accesses, commands);
    }

    /** The rows of a resource, without remarks. */
    static List<String[]> rows(String name) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(RecordedLinux.class.getResourceAsStream("linux/" + name + ".csv")),
                StandardCharsets.UTF_8))) {
            return in.lines()
                    .filter(l -> !l.startsWith("#"))
                    .map(l -> l.split(","))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long unsigned(String hex) {
        return Long.parseUnsignedLong(hex.substring(2), 16);
    }

    private long read(int offset) {
        return accesses.stream()
                .filter(a -> !a.write() && a.offset() == offset)
                .findFirst()
                .orElseThrow()
                .value();
    }

    /** What the recorded SMMU said of itself; AIDR, which Linux does not read, is SMMUv3.2's. */
    SmmuFeatures features() {
        return new SmmuFeatures(read(0x0), read(0x4), read(0xC), read(0x14), read(0x18), 2);
    }

    SmmuOptions options() {
        return name.contains("612") ? new SmmuOptions(LinuxRelease.LINUX_6_12, 14) : SmmuOptions.standard();
    }

    /** The domains of the kernel: second stages where the SMMU has no others. */
    Domain.Kind kind() {
        return stages() == StageLayout.STAGE_2 ? Domain.Kind.SECOND_STAGE : Domain.Kind.FIRST_STAGE;
    }

    StageLayout stages() {
        return (features().idr0() & 2) == 0 ? StageLayout.STAGE_2 : StageLayout.STAGE_1;
    }
}
