// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Objects;
import org.iommuemu.bits.BitField;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;

/** Context and PASID entries as Linux fills them in (VT-d architecture 9.3 to 9.6). */
final class VtdEntries {
    /** Requests without PASID use this PASID's entry. */
    static final int RID_PASID = 0;

    private final VtdFeatures features;
    private final VtdTables tables;

    VtdEntries(VtdFeatures features, VtdTables tables) {
        this.features = features;
        this.tables = tables;
    }

    /** A context entry of scalable mode. */
    long[] scalable(PasidTable table, boolean ats, boolean pageRequests) {
        long[] entry = new long[ScalableContextEntry.WORDS];
        table.describe(entry);
        ScalableContextEntry.P.set(entry, 1);
        ScalableContextEntry.RID_PASID.set(entry, RID_PASID);
        ScalableContextEntry.PASIDE.set(entry, isThere(ExtendedCapability.PASID) ? 1 : 0);
        ScalableContextEntry.DTE.set(entry, ats ? 1 : 0);
        ScalableContextEntry.PRE.set(entry, pageRequests ? 1 : 0);
        return entry;
    }

    /** A context entry of legacy mode. */
    long[] legacy(Domain domain, boolean ats) {
        long[] entry = new long[ContextEntry.WORDS];
        ContextEntry.P.set(entry, 1);
        ContextEntry.AW.set(entry, tables.width());
        ContextEntry.DID.set(entry, domain.id());
        if (domain.kind() == Domain.Kind.IDENTITY) {
            ContextEntry.TT.set(entry, ContextEntry.TT_PASS_THROUGH);
            // The most that the unit supports.
            ContextEntry.AW.set(entry, tables.mostWidth());
            return entry;
        }
        ContextEntry.TT.set(entry, ats ? ContextEntry.TT_ATS : ContextEntry.TT_UNTRANSLATED);
        ContextEntry.SSPTPTR.setInPlace(entry, rootOf(domain));
        return entry;
    }

    private static long rootOf(Domain domain) {
        return Objects.requireNonNull(domain.tables()).root();
    }

    /** A PASID entry. */
    long[] pasid(Domain domain) {
        long[] entry = new long[PasidEntry.WORDS];
        PasidEntry.P.set(entry, 1);
        PasidEntry.DID.set(entry, domain.id());
        // Of every type, though it is reserved where there is no second stage (VT-d 9.6).
        PasidEntry.AW.set(entry, tables.width());
        PasidEntry.PWSNP.set(entry, isThere(ExtendedCapability.SMPWCS) ? 1 : 0);
        switch (domain.kind()) {
            case IDENTITY -> PasidEntry.PGTT.set(entry, PasidEntry.PASS_THROUGH);
            case SECOND_STAGE -> {
                PasidEntry.PGTT.set(entry, PasidEntry.SECOND_STAGE);
                secondStage(entry, rootOf(domain));
            }
            case FIRST_STAGE -> {
                GuestMemory memory = domain.guestMemory();
                PasidEntry.PGTT.set(entry, memory == null ? PasidEntry.FIRST_STAGE : PasidEntry.NESTED);
                PasidEntry.FSPTPTR.setInPlace(entry, rootOf(domain));
                if (isThere(ExtendedCapability.SRS)) {
                    PasidEntry.SRE.set(entry, 1);
                    PasidEntry.WPE.set(entry, 1);
                }
                if (memory != null) {
                    secondStage(entry, memory.root());
                }
            }
            case NESTED -> {
                GuestTables.FirstStage first = (GuestTables.FirstStage) Objects.requireNonNull(domain.guestTables());
                PasidEntry.PGTT.set(entry, PasidEntry.NESTED);
                PasidEntry.FSPTPTR.setInPlace(entry, first.root());
                PasidEntry.SRE.set(entry, first.supervisor() ? 1 : 0);
                PasidEntry.EAFE.set(entry, first.extendedAccess() ? 1 : 0);
                PasidEntry.WPE.set(entry, first.writeProtect() ? 1 : 0);
                PasidEntry.FSPM.set(entry, first.addressBits() > GuestTables.FOUR_LEVEL_BITS ? 1 : 0);
                secondStage(entry, rootOf(Objects.requireNonNull(domain.parent())));
            }
        }
        return entry;
    }

    private static void secondStage(long[] entry, long root) {
        PasidEntry.SSPTPTR.setInPlace(entry, root);
    }

    private boolean isThere(BitField capability) {
        return features.hasExtended(capability);
    }
}
