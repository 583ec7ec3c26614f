// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.ConfigurationCache;
import org.iommuemu.iommu.InvalidationScope;
import org.iommuemu.iommu.TranslationUnit;

/** What invalidations do to the caches, whether they come by queue or by register (VT-d architecture 6.5). */
final class Invalidations {
    private static final int PAGE_SHIFT = 12;
    private static final int LARGEST_FUNCTION_MASK = 3;

    private final TranslationUnit unit;
    private final InvalidationScope scope = new InvalidationScope();

    Invalidations(TranslationUnit unit) {
        this.unit = unit;
    }

    /** Everything about DMA: contexts, PASIDs, translations, tables. */
    void everything() {
        unit.configurations().invalidateAll();
        unit.invalidate(scope.everything());
    }

    /** Every context. */
    void contexts() {
        unit.configurations().invalidateAll();
    }

    /** The contexts of a domain. */
    void contextsOfDomain(int domain) {
        unit.configurations().invalidateGroup(VtdTags.DOMAIN, VtdTags.group(domain, 0) & VtdTags.DOMAIN);
    }

    /** The contexts of a source, with low function bits ignored: 0, bit 2, bits 2:1, bits 2:0. */
    void contextsOfSource(int source, int functionMask) {
        int ignored = 7 & ~(7 >>> Math.min(functionMask, LARGEST_FUNCTION_MASK));
        unit.configurations().invalidate(source, ignored, ConfigurationCache.ANY_SUBSTREAM);
    }

    /** The PASID entries of a domain and PASID. */
    void pasid(int domain, int pasid) {
        unit.configurations().invalidateGroup(VtdTags.GROUP, VtdTags.group(domain, pasid));
    }

    /** Every translation. */
    void translations() {
        unit.invalidate(scope.everything());
    }

    /** Every translation of a domain. */
    void translationsOfDomain(int domain) {
        unit.invalidate(scope.everything()
                .tag(VtdTags.DOMAIN, VtdTags.secondStage(domain))
                .exceptGlobal());
    }

    /**
     * Pages of a domain: its second-stage translations in the range, and its first-stage ones whatever their address, as that is
     * not the one that the pages name.
     *
     * @param log2Pages log2 of the number of pages
     * @param leafOnly whether table entries are left alone
     */
    void pagesOfDomain(int domain, long address, int log2Pages, boolean leafOnly) {
        unit.invalidate(range(address, log2Pages)
                .tag(VtdTags.EXACT, VtdTags.secondStage(domain))
                .exceptGlobal()
                .leafOnly(leafOnly));
        unit.invalidate(scope.everything()
                .tag(VtdTags.DOMAIN_FIRST_STAGE, VtdTags.firstStage(domain, 0))
                .exceptGlobal()
                .asSideEffect());
    }

    /** The first-stage translations of a PASID. */
    void translationsOfPasid(int domain, int pasid) {
        unit.invalidate(scope.everything()
                .tag(VtdTags.EXACT, VtdTags.firstStage(domain, pasid))
                .exceptGlobal());
    }

    /** Pages of a PASID. */
    void pagesOfPasid(int domain, int pasid, long address, int log2Pages, boolean leafOnly) {
        unit.invalidate(range(address, log2Pages)
                .tag(VtdTags.EXACT, VtdTags.firstStage(domain, pasid))
                .exceptGlobal()
                .leafOnly(leafOnly));
    }

    private InvalidationScope range(long address, int log2Pages) {
        int shift = PAGE_SHIFT + log2Pages;
        long first = shift >= Long.SIZE ? 0 : address & -(1L << shift);
        long last = shift >= Long.SIZE ? -1L : first | (1L << shift) - 1;
        return scope.everything().addresses(first, last);
    }
}
