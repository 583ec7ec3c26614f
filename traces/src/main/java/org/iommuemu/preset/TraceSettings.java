// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import java.util.Locale;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.StageLayout;

/**
 * What {@link Settings} say of the machine that is made for a DMA trace, and of the software on it.
 *
 * @param iommu its IOMMU
 * @param stages which stages each stream gets
 * @param lazy whether what is unmapped is invalidated later
 * @param mapping how pages appear
 * @param pageShift log2 of the size of pages that appear at first touch
 */
public record TraceSettings(Kind iommu, StageLayout stages, boolean lazy, Mapping mapping, int pageShift) {
    private static final int SMALL = 12;
    private static final int MIDDLE = 14;
    private static final int LARGE = 16;
    private static final int MEGABYTES = 21;
    private static final int GIGABYTE = 30;

    /** IOMMUs. */
    public enum Kind {
        /** Arm's. */
        SMMUV3,
        /** Intel's, second stage alone. */
        VTD_LEGACY,
        /** Intel's, with PASID tables. */
        VTD_SCALABLE;

        /** Name in configurations. */
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** How pages appear. */
    public enum Mapping {
        /** As the trace maps them. */
        TRACE,
        /** At first touch, mapped to themselves. */
        IDENTITY,
        /** At first touch, mapped to memory in that order. */
        FIRST_TOUCH;

        /** Name in configurations. */
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** An SMMUv3 that maps and unmaps as the trace says, strictly. */
    public static TraceSettings smmu(StageLayout stages) {
        return new TraceSettings(Kind.SMMUV3, stages, false, Mapping.TRACE, SMALL);
    }

    /**
     * Those of settings.
     *
     * @throws InputException if the values do not go together
     */
    public static TraceSettings of(Settings s) {
        Kind iommu = s.choice(Parameter.IOMMU, Kind.class);
        StageLayout stages = StageLayout.parse(complete(s).text(Parameter.STAGES));
        Mapping mapping = s.choice(Parameter.MAPPING, Mapping.class);
        int shift = shift(s.text(Parameter.PAGE));
        if (iommu == Kind.VTD_LEGACY && stages != StageLayout.STAGE_2) {
            throw clash(s, Parameter.STAGES, Parameter.IOMMU, "2: legacy mode has no other");
        }
        if (mapping == Mapping.TRACE && shift != SMALL) {
            throw clash(s, Parameter.PAGE, Parameter.MAPPING, "4k: the trace says how large its pages are");
        }
        if (iommu != Kind.SMMUV3 && isGranule(shift)) {
            throw clash(s, Parameter.PAGE, Parameter.IOMMU, "4k, 2m or 1g");
        }
        if (stages == StageLayout.NESTED && isGranule(shift)) {
            throw clash(s, Parameter.PAGE, Parameter.STAGES, "4k, 2m or 1g");
        }
        return new TraceSettings(iommu, stages, s.text(Parameter.UNMAP).equals("lazy"), mapping, shift);
    }

    /** The settings with the stages that there are, where nobody has said any. */
    public static Settings complete(Settings s) {
        boolean legacy = s.choice(Parameter.IOMMU, Kind.class) == Kind.VTD_LEGACY;
        return legacy && !s.values().containsKey(Parameter.STAGES)
                ? s.with(Parameter.STAGES, StageLayout.STAGE_2.label())
                : s;
    }

    private static InputException clash(Settings s, Parameter p, Parameter other, String expected) {
        return new InputException(
                s.name() + ": " + p.key() + " is " + s.text(p) + " and " + other.key() + " is " + s.text(other),
                expected);
    }

    private static boolean isGranule(int shift) {
        return shift == MIDDLE || shift == LARGE;
    }

    private static int shift(String page) {
        return switch (page) {
            case "16k" -> MIDDLE;
            case "64k" -> LARGE;
            case "2m" -> MEGABYTES;
            case "1g" -> GIGABYTE;
            default -> SMALL;
        };
    }

    /** log2 of the size of the tables' pages: larger ones than 4 KiB are a granule of their own. */
    public int granuleShift() {
        return isGranule(pageShift) ? pageShift : SMALL;
    }

    /** Size of pages that appear at first touch, for people. */
    public String page() {
        return switch (pageShift) {
            case MIDDLE -> "16 KiB";
            case LARGE -> "64 KiB";
            case MEGABYTES -> "2 MiB";
            case GIGABYTE -> "1 GiB";
            default -> "4 KiB";
        };
    }
}
