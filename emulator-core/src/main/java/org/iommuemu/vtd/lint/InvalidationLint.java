// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import org.iommuemu.iommu.LintLog;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;

/** What is wrong with an invalidation descriptor that is good all the same (VT-d architecture 6.5.2). */
final class InvalidationLint {
    private static final int PAGE_SHIFT = 12;
    private static final long WINDOW = 0xFEE;
    private static final int WINDOW_SHIFT = 20;

    private final VtdFeatures features;
    private final PhysicalMemory memory;
    private final LintLog log;

    InvalidationLint(VtdFeatures features, PhysicalMemory memory, LintLog log) {
        this.features = features;
        this.memory = memory;
        this.log = log;
    }

    void check(Descriptor d, long word0, long word1) {
        int granularity = Descriptor.G.getInt(word0);
        switch (d) {
            case CONTEXT_CACHE -> domain(d, word0, granularity != Descriptor.GLOBAL);
            case IOTLB -> {
                domain(d, word0, granularity != Descriptor.GLOBAL);
                pages(d, word1, granularity == Descriptor.SELECTIVE);
            }
            case PASID_IOTLB -> {
                domain(d, word0, true);
                pasid(d, word0, true);
                pages(d, word1, granularity == Descriptor.SELECTIVE);
            }
            case PASID_CACHE -> {
                // Its granularities are 0 for a domain, 1 for a PASID in it, 3 for everything.
                domain(d, word0, granularity != Descriptor.SELECTIVE);
                pasid(d, word0, granularity == Descriptor.GLOBAL);
            }
            case DEVICE_TLB -> size(d, word1, Descriptor.S.isSet(word1));
            case PASID_DEVICE_TLB -> {
                pasid(d, word0, !Descriptor.GI.isSet(word1));
                size(d, word1, Descriptor.PASID_S.isSet(word1));
            }
            case INTERRUPT_ENTRY_CACHE -> interrupts(d, word0);
            case WAIT -> status(d, word0, word1);
            case PAGE_GROUP_RESPONSE, HPT_CACHE -> {}
        }
    }

    private void domain(Descriptor d, long word0, boolean named) {
        boolean wide = Descriptor.DID.get(word0) >>> features.domainBits() != 0;
        report(VtdLintRule.DESCRIPTOR_DOMAIN_RANGE, d, word0, named && wide);
    }

    private void pasid(Descriptor d, long word0, boolean named) {
        boolean wide = Descriptor.PASID.get(word0) >>> features.pasidBits() != 0;
        report(VtdLintRule.DESCRIPTOR_PASID_RANGE, d, word0, named && wide);
    }

    private void pages(Descriptor d, long word1, boolean selective) {
        report(VtdLintRule.DESCRIPTOR_ADDRESS_IGNORED, d, word1, !selective && word1 != 0);
    }

    private void size(Descriptor d, long word1, boolean sized) {
        report(VtdLintRule.DEVICE_TLB_RANGE, d, word1, sized && word1 >> PAGE_SHIFT == -1);
    }

    private void interrupts(Descriptor d, long word0) {
        if (Descriptor.INDEX_SELECTIVE.isSet(word0)) {
            int mask = Descriptor.IM.getInt(word0);
            boolean misaligned = (Descriptor.IIDX.get(word0) & (1L << mask) - 1) != 0;
            report(VtdLintRule.INTERRUPT_INDEX_ALIGNMENT, d, word0, misaligned);
            boolean large = mask > ExtendedCapability.MHMV.getInt(features.ecap());
            report(VtdLintRule.INTERRUPT_MASK_RANGE, d, word0, large);
        }
    }

    private void status(Descriptor d, long word0, long word1) {
        long at = Descriptor.STATUS_ADDRESS.inPlace(word1);
        boolean memoryThere = memory.answers(at, Integer.BYTES);
        boolean wrong = !memoryThere || at >>> WINDOW_SHIFT == WINDOW;
        report(VtdLintRule.WAIT_STATUS_ADDRESS, d, word1, Descriptor.SW.isSet(word0) && wrong);
    }

    private void report(VtdLintRule rule, Descriptor place, long seen, boolean broken) {
        if (broken) {
            log.add(rule, place.layout().name(), seen);
        }
    }
}
