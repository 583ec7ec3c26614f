// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * The memory attributes that transactions bring, overridden by their STE or by GBPA where IDR1.ATTR_TYPES_OVR lets them be
 * (IHI 0070 §13.1.4, §13.2).
 */
final class IncomingAttributes {
    private final boolean overrides;
    private boolean everOverridden;

    private IncomingAttributes(boolean overrides) {
        this.overrides = overrides;
    }

    /** Those of ordinary transactions. */
    static IncomingAttributes of(SmmuFeatures features) {
        return new IncomingAttributes(Idr.ATTR_TYPES_OVR.isSet(features.idr1()));
    }

    /** Those of address translation operations, which no override concerns (§9.1). */
    static IncomingAttributes withoutOverrides() {
        return new IncomingAttributes(false);
    }

    /** What transactions of a stream bring. */
    long of(long[] ste) {
        if (!overrides) {
            return MemoryAttributes.INCOMING;
        }
        long incoming = MemoryAttributes.overridden(
                Ste.MTCFG.isSet(ste), Ste.MEM_ATTR.getInt(ste), Ste.ALLOCCFG.getInt(ste), Ste.SHCFG.getInt(ste));
        everOverridden |= incoming != MemoryAttributes.INCOMING;
        return incoming;
    }

    /** What transactions bring while translation is off. */
    long ofGlobalBypass(long gbpa) {
        return !overrides
                ? MemoryAttributes.INCOMING
                : MemoryAttributes.overridden(
                        Registers.GBPA_MTCFG.isSet(gbpa),
                        Registers.GBPA_MEM_ATTR.getInt(gbpa),
                        Registers.GBPA_ALLOCCFG.getInt(gbpa),
                        Registers.GBPA_SHCFG.getInt(gbpa));
    }

    /** Whether any stream so far had overrides, so that cached translations may be tagged by them. */
    boolean everOverridden() {
        return everOverridden;
    }
}
