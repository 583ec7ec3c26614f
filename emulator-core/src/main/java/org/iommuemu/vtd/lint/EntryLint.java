// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.lint.TablesOfTags;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;

/**
 * What is wrong with a present entry that the unit takes all the same, and whether domains and PASIDs keep to the tables that
 * the IOTLB knows them by (VT-d architecture 6.2, chapter 9).
 */
final class EntryLint {
    /** No PASID. */
    private static final int SECOND_STAGE = -1;
    /** Stands for whether a domain is one of first-stage entries. */
    private static final int KIND = -2;

    private record Tag(int domain, int pasid) {}

    private final VtdFeatures features;
    private final LintLog log;
    private final TablesOfTags<Tag> tables = new TablesOfTags<>();

    EntryLint(VtdFeatures features, LintLog log) {
        this.features = features;
        this.log = log;
    }

    void legacy(String place, long[] entry) {
        int domain = ContextEntry.DID.getInt(entry);
        zero(place, domain, entry[1]);
        if (ContextEntry.TT.getInt(entry) != ContextEntry.TT_PASS_THROUGH) {
            secondStage(place, domain, ContextEntry.SSPTPTR.inPlace(entry), ContextEntry.AW.getInt(entry), entry[0]);
        }
    }

    void scalable(String place, long[] entry) {
        boolean ignored = !features.hasExtended(ExtendedCapability.RPS) && ScalableContextEntry.RID_PASID.isSet(entry);
        report(VtdLintRule.RID_PASID_IGNORED, place, entry[1], ignored);
    }

    void pasid(String place, long[] entry, int pasid) {
        int domain = PasidEntry.DID.getInt(entry);
        boolean first = EntryBits.hasFirstStage(entry);
        boolean second = EntryBits.hasSecondStage(entry);
        zero(place, domain, entry[1]);
        boolean marks = first || second && PasidEntry.SSADE.isSet(entry);
        boolean snooped = !features.hasExtended(ExtendedCapability.SMPWCS) || PasidEntry.PWSNP.isSet(entry);
        report(VtdLintRule.WALK_NOT_SNOOPED, place, entry[1], marks && !snooped);
        boolean otherKind = tables.replaces(new Tag(domain, KIND), second ? 1 : 0, 0);
        report(VtdLintRule.DOMAIN_OF_BOTH_KINDS, place, entry[1], otherKind);
        if (second) {
            long shape = PasidEntry.AW.inPlace(entry) | PasidEntry.SSADE.inPlace(entry);
            secondStage(place, domain, PasidEntry.SSPTPTR.inPlace(entry), shape, entry[0]);
        }
        if (first) {
            long shape =
                    PasidEntry.FSPM.inPlace(entry) | PasidEntry.EAFE.inPlace(entry) | PasidEntry.WPE.inPlace(entry);
            boolean replaces = tables.replaces(new Tag(domain, pasid), PasidEntry.FSPTPTR.inPlace(entry), shape);
            report(VtdLintRule.PASID_REUSED, place, entry[2], replaces);
        }
    }

    private void zero(String place, int domain, long seen) {
        report(VtdLintRule.DOMAIN_ZERO, place, seen, domain == 0 && features.has(Capability.CM));
    }

    private void secondStage(String place, int domain, long base, long shape, long seen) {
        boolean replaces = tables.replaces(new Tag(domain, SECOND_STAGE), base, shape);
        report(VtdLintRule.DOMAIN_REUSED, place, seen, replaces);
    }

    /** An invalidation of all that a tag may have filled lets it be used for others. */
    void consuming(Descriptor d, long word0) {
        int domain = Descriptor.DID.getInt(word0);
        int granularity = Descriptor.G.getInt(word0);
        if (d == Descriptor.IOTLB && granularity == Descriptor.GLOBAL) {
            tables.forget(t -> true);
        } else if (d == Descriptor.IOTLB && granularity == Descriptor.DOMAIN) {
            tables.forget(t -> t.domain == domain);
        } else if (d == Descriptor.PASID_IOTLB && granularity == Descriptor.DOMAIN) {
            int pasid = Descriptor.PASID.getInt(word0);
            tables.forget(t -> t.domain == domain && (t.pasid == pasid || t.pasid == KIND));
        }
    }

    /** The unit has forgotten everything. */
    void forgetAll() {
        tables.forget(t -> true);
    }

    private void report(VtdLintRule rule, String place, long seen, boolean broken) {
        if (broken) {
            log.add(rule, place, seen);
        }
    }
}
