// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.StructureReader;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.WorkMeter;
import org.iommuemu.smmuv3.pmcg.CounterGroup;
import org.iommuemu.smmuv3.spec.PmcgEvent;

/** Tells a counter group what is done for which stream; work is known by a StreamID, zero-extended. */
final class ActivityMeter extends WorkMeter {
    private final CounterGroup group;
    private final long[] amounts = new long[PmcgEvent.COUNT];

    ActivityMeter(TranslationUnit unit, StructureReader structures, CounterGroup group) {
        super(unit, structures::reads);
        this.group = group;
    }

    @Override
    protected boolean isCounting() {
        return group.isCounting();
    }

    @Override
    protected void count(long stream, int transactions, int requests, int translated) {
        if (stream == NOBODY) {
            return;
        }
        amounts[PmcgEvent.TRANSACTION.number()] = transactions;
        amounts[PmcgEvent.TLB_MISS.number()] = done(Activity.IOTLB_MISS);
        amounts[PmcgEvent.CONFIGURATION_CACHE_MISS.number()] = done(Activity.CONFIGURATION_MISS);
        amounts[PmcgEvent.WALK_ACCESS.number()] = done(Activity.TABLE_READ) + done(Activity.TABLE_UPDATE);
        amounts[PmcgEvent.STRUCTURE_ACCESS.number()] = done(Activity.STRUCTURE_READ);
        amounts[PmcgEvent.ATS_REQUEST.number()] = requests;
        amounts[PmcgEvent.ATS_TRANSLATED.number()] = translated;
        group.count((int) stream, amounts);
    }
}
