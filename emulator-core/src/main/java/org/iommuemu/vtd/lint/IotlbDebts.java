// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.lint.CachedStructure;
import org.iommuemu.iommu.lint.FollowedStructures;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.jspecify.annotations.Nullable;

/**
 * What entries have filled the IOTLB with and no longer stand for: it is to be invalidated after them, whole (VT-d architecture
 * 6.5). An entry that is not present any more owes nothing until it is present again and used.
 */
final class IotlbDebts {
    /**
     * A debt.
     *
     * @param pasid the PASID, or −1 in legacy mode
     * @param tooEarly whether the IOTLB was invalidated between the change and the entry's invalidation
     */
    private record Debt(int domain, int pasid, boolean tooEarly) {}

    private final LintLog log;
    private final Map<CachedStructure, Debt> debts = new HashMap<>();
    private final Set<CachedStructure> tooEarly = new HashSet<>();

    IotlbDebts(LintLog log) {
        this.log = log;
    }

    private static int domain(CachedStructure s, long[] words) {
        return s.layout().equals(PasidEntry.LAYOUT) ? PasidEntry.DID.getInt(words) : ContextEntry.DID.getInt(words);
    }

    /** An entry is invalidated. */
    void entryInvalidated(CachedStructure s, int pasid, boolean translatesOtherwise) {
        boolean early = tooEarly.remove(s);
        boolean filled = translatesOtherwise && ContextEntry.P.isSet(s.cachedWords());
        if (filled && debts.size() < FollowedStructures.MOST) {
            debts.put(s, new Debt(domain(s, s.cachedWords()), pasid, early));
        }
    }

    /** Translations are invalidated while an entry differs from what may be cached of it. */
    void translationsBefore(CachedStructure s, boolean all, int domain) {
        if (all || domain(s, s.cachedWords()) == domain) {
            tooEarly.add(s);
        }
    }

    /** Translations are invalidated: all, of a domain, or of a PASID in it. */
    void translations(boolean all, int domain, int pasid) {
        debts.values().removeIf(d -> all || d.domain == domain && (pasid < 0 || d.pasid == pasid));
    }

    /** An entry is used. */
    void use(@Nullable CachedStructure s) {
        if (s == null || !ContextEntry.P.isSet(s.words())) {
            return;
        }
        Debt debt = debts.remove(s);
        if (debt != null) {
            boolean context = debt.pasid < 0;
            VtdLintRule missing =
                    context ? VtdLintRule.CONTEXT_IOTLB_NOT_INVALIDATED : VtdLintRule.PASID_IOTLB_NOT_INVALIDATED;
            log.add(debt.tooEarly ? VtdLintRule.INVALIDATION_ORDER : missing, s.place(), s.words()[0]);
        }
    }

    void forgetAll() {
        debts.clear();
        tooEarly.clear();
    }
}
