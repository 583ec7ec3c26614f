// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import org.iommuemu.capture.InputException;
import org.iommuemu.device.AtsParameters;
import org.iommuemu.device.DmaPath;
import org.iommuemu.device.PageService;
import org.iommuemu.device.PathParameters;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.LinkSharing;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.time.ByteRate;
import org.jspecify.annotations.Nullable;

/** What {@link Settings} come to between device and memory, in the words of the model. */
public final class PathSettings {
    private static final long MEGABIT = 1_000_000;
    private static final double MEGABITS = 1000;

    private PathSettings() {}

    /** The way of a replay's accesses, whose data are where {@link Parameter#DATA_PLACEMENT} says. */
    public static DmaPath path(Settings s, Iommu machine, TimedTranslation iommu) {
        return path(s, device(s), dataLatency(s), machine, iommu);
    }

    /** The way of a device that is not that of the settings to data that are elsewhere. */
    public static DmaPath path(
            Settings s, PathParameters.Device device, long dataLatency, Iommu machine, TimedTranslation iommu) {
        RootComplex rootComplex =
                new RootComplex(s.picoseconds(Parameter.ROOT_COMPLEX_LATENCY), rate(s, Parameter.ROOT_COMPLEX_RATE));
        DataMemory memory = new DataMemory(dataLatency, rate(s, Parameter.DATA_RATE));
        return new DmaPath(parameters(s, device), rootComplex, machine, iommu, memory, PageService.NOBODY);
    }

    /**
     * Finds out whether the values go together.
     *
     * @throws InputException if a width or size is no power of two, a cache has no whole sets, or a TLP would never have its credits
     */
    public static void check(Settings s) {
        PathParameters p = parameters(s, device(s));
        try {
            new PcieLink("link", p.link(), p.credits(), p.propagation(), p.completionBytes());
        } catch (IllegalArgumentException e) {
            throw asInput("credits: ", e);
        }
    }

    /** Whether devices have ATCs, in a replay whose accesses begin there. */
    public static boolean hasAtcs(Settings s) {
        return s.integer(Parameter.ATC_ENTRIES) > 0
                && s.text(Parameter.REPLAY_FROM).equals("device");
    }

    private static PathParameters parameters(Settings s, PathParameters.Device device) {
        return new PathParameters(
                device,
                link(s),
                credits(s),
                s.picoseconds(Parameter.LINK_PROPAGATION),
                s.integer(Parameter.ROOT_COMPLEX_COMPLETION),
                LinkSharing.parse(s.text(Parameter.LINK_SHARING)),
                new AtsParameters(
                        MachineParameters.geometry(s, Parameter.ATC_ENTRIES, Parameter.ATC_WAYS, Parameter.ATC_POLICY),
                        s.picoseconds(Parameter.ATC_LATENCY),
                        s.picoseconds(Parameter.PAGE_REQUEST_SERVICE)));
    }

    /** The device itself. */
    public static PathParameters.Device device(Settings s) {
        int tags = s.integer(Parameter.DEVICE_TAGS);
        return new PathParameters.Device(
                s.picoseconds(Parameter.DEVICE_BEFORE),
                0,
                s.picoseconds(Parameter.DEVICE_AFTER),
                tags == 0 ? s.integer(Parameter.DEVICE_READS) : tags);
    }

    static long dataLatency(Settings s) {
        long cached = s.picoseconds(Parameter.DATA_CACHED);
        long memory = cached + s.picoseconds(Parameter.DATA_MEMORY_EXTRA);
        return switch (s.text(Parameter.DATA_PLACEMENT)) {
            case "memory" -> memory;
            case "remote" -> memory + s.picoseconds(Parameter.DATA_REMOTE_EXTRA);
            default -> cached;
        };
    }

    static FlowControl credits(Settings s) {
        return new FlowControl(
                pool(s, Parameter.CREDITS_POSTED_HEADERS, Parameter.CREDITS_POSTED_DATA),
                pool(s, Parameter.CREDITS_NON_POSTED_HEADERS, Parameter.CREDITS_NON_POSTED_DATA),
                pool(s, Parameter.CREDITS_MESSAGE_HEADERS, Parameter.CREDITS_MESSAGE_DATA),
                pool(s, Parameter.CREDITS_COMPLETION_HEADERS, Parameter.CREDITS_COMPLETION_DATA),
                s.picoseconds(Parameter.CREDITS_UPDATE));
    }

    private static FlowControl.Pool pool(Settings s, Parameter headers, Parameter data) {
        return new FlowControl.Pool(s.integer(headers), s.integer(data));
    }

    static @Nullable ByteRate rate(Settings s, Parameter gigabits) {
        double value = s.number(gigabits);
        return value == 0 ? null : ByteRate.bitsPerSecond(Math.max(1, Math.round(value * MEGABITS)) * MEGABIT);
    }

    /**
     * The link.
     *
     * @throws InputException if a width or size is no power of two
     */
    public static LinkParameters link(Settings s) {
        LinkGeneration generation = LinkGeneration.values()[s.integer(Parameter.LINK_GENERATION) - 1];
        try {
            return LinkParameters.of(
                            generation,
                            s.integer(Parameter.LINK_LANES),
                            s.integer(Parameter.LINK_MAX_PAYLOAD),
                            s.integer(Parameter.LINK_MAX_READ_REQUEST))
                    .withReadCompletionBoundary(s.integer(Parameter.LINK_READ_COMPLETION_BOUNDARY));
        } catch (IllegalArgumentException e) {
            throw asInput("link: ", e);
        }
    }

    private static InputException asInput(String what, IllegalArgumentException e) {
        String[] parts = String.valueOf(e.getMessage()).split(", expected ", 2);
        return new InputException(what + parts[0], parts[parts.length - 1]);
    }
}
