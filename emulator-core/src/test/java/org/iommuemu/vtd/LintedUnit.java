// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.lint.VtdLint;
import org.iommuemu.vtd.spec.Capability;

/** A unit with a lint in front, that invalidates nothing by itself and still has registers to invalidate by. */
final class LintedUnit {
    private static final long VERSION_5 = 0x50;

    final VtdBench b;
    final VtdLint lint;

    private LintedUnit(VtdFeatures features) {
        b = new VtdBench(features, CacheConfiguration.standard());
        lint = b.lint();
    }

    static LintedUnit reset() {
        return new LintedUnit(features(0, 0));
    }

    static LintedUnit started(int mode) {
        LintedUnit u = reset();
        u.b.startProperly(mode);
        return u;
    }

    /** With other capabilities. */
    static LintedUnit with(VtdFeatures features) {
        return new LintedUnit(features);
    }

    /** All features but those that invalidate by themselves, with some bits of CAP set and some of ECAP cleared. */
    static VtdFeatures features(long capSet, long ecapCleared) {
        VtdFeatures full = VtdFeatures.full();
        long own = mask(Capability.ESRTPS, Capability.ESIRTPS);
        return new VtdFeatures(VERSION_5, full.cap() & ~own | capSet, full.ecap() & ~ecapCleared);
    }

    private static long mask(BitField... fields) {
        long mask = 0;
        for (BitField f : fields) {
            mask |= f.mask();
        }
        return mask;
    }

    /** Rules and places found so far. */
    List<String> ids() {
        return lint.log().findings().stream()
                .map(f -> f.rule().id() + " " + f.place())
                .toList();
    }
}
