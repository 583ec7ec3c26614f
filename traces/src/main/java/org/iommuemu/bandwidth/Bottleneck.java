// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.iommuemu.time.ResourceStatistics;

/**
 * How full something is that limits a device.
 *
 * @param name of it
 * @param used mean occupancy, as a part of the capacity
 * @param waited mean wait of each use, in ps; negative if it is not known
 */
public record Bottleneck(String name, double used, double waited) {
    /** What is as full as this limits what can be got through. */
    public static final double FULL = 0.9;
    /** A rate that is as close to another is the same. */
    public static final double SAME = 0.02;

    /** Software that maps and unmaps, and waits for invalidations. */
    public static final String UNMAPPING = "unmapping by software";

    private static final double PERCENT = 100;

    /** Everything that has a capacity, the fullest first. */
    public static List<Bottleneck> of(DeviceFigures f) {
        List<Bottleneck> all = new ArrayList<>();
        for (ResourceStatistics r : f.resources()) {
            if (Double.isFinite(r.capacity()) && r.capacity() > 0) {
                double waited = r.uses() == 0 ? 0 : (double) r.totalWait() / r.uses();
                all.add(new Bottleneck(r.name(), r.average() / r.capacity(), waited));
            }
        }
        if (f.line() >= 0) {
            all.add(new Bottleneck("the device's line", f.line(), -1));
        }
        if (f.software() >= 0) {
            all.add(new Bottleneck(UNMAPPING, f.software(), -1));
        }
        all.add(new Bottleneck("tags", f.link().tags() / f.link().mostTags(), -1));
        all.sort(Comparator.comparingDouble((Bottleneck b) -> b.used).reversed());
        return all;
    }

    private static double used(DeviceFigures f, String name) {
        return of(f).stream()
                .filter(b -> b.name.equals(name))
                .mapToDouble(Bottleneck::used)
                .findFirst()
                .orElse(0);
    }

    /** Of all that is full, what requests meet last, as the others wait for it; the fullest if nothing is full. */
    private static Bottleneck deepest(DeviceFigures f) {
        List<Bottleneck> all = of(f);
        for (int i = f.resources().size() - 1; i >= 0; i--) {
            String name = f.resources().get(i).name();
            for (Bottleneck b : all) {
                if (b.name.equals(name) && b.used >= FULL) {
                    return b;
                }
            }
        }
        return all.get(0);
    }

    /**
     * What explains that a device gets through more, or less, than with another translation: what is full now; if nothing is, what has
     * been filled most. Where the device asks for translations, also how much of its link that takes.
     */
    public static String explain(DeviceFigures before, DeviceFigures now) {
        return difference(before, now) + ats(now);
    }

    private static String ats(DeviceFigures f) {
        return f.translation() == Translation.ATS
                ? String.format(
                        Locale.ROOT,
                        "; TLPs of ATS take %.1f %% of link up, %.1f %% of link down",
                        f.link().atsUp() * PERCENT,
                        f.link().atsDown() * PERCENT)
                : "";
    }

    private static String difference(DeviceFigures before, DeviceFigures now) {
        double ratio = before.unitsPerSecond() == 0 ? 1 : now.unitsPerSecond() / before.unitsPerSecond();
        Bottleneck fullest = deepest(now);
        if (Math.abs(ratio - 1) < SAME) {
            return fullest.used >= FULL
                    ? String.format(Locale.ROOT, "no difference: %s limits both", text(fullest, before))
                    : "no difference";
        }
        if (fullest.used >= FULL) {
            return String.format(Locale.ROOT, "%.0f %% of off: %s is full", ratio * PERCENT, text(fullest, before));
        }
        Bottleneck grown = of(now).stream()
                .max(Comparator.comparingDouble((Bottleneck b) -> b.used - used(before, b.name)))
                .orElse(fullest);
        return String.format(
                Locale.ROOT,
                "%.0f %% of off: nothing is full; most has changed %s",
                ratio * PERCENT,
                text(grown, before));
    }

    private static String text(Bottleneck b, DeviceFigures before) {
        return String.format(
                Locale.ROOT, "%s (%.0f %%, off %.0f %%)", b.name, b.used * PERCENT, used(before, b.name) * PERCENT);
    }
}
