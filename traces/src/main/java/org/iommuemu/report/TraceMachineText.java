// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.preset.TraceSettings;

/** What a DMA trace was replayed on. */
final class TraceMachineText {
    private TraceMachineText() {}

    /** In a line. */
    static String of(TraceSettings s) {
        String pages = s.mapping() == TraceSettings.Mapping.TRACE
                ? unmap(s) + " unmapping"
                : "pages of " + s.page() + " by " + s.mapping().label();
        return s.iommu().label() + ", stages " + s.stages().label() + ", " + pages;
    }

    /** By names of the configuration. */
    static Map<String, Object> json(TraceSettings s) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("iommu", s.iommu().label());
        all.put("stages", s.stages().label());
        all.put("unmap", unmap(s));
        all.put("mapping", s.mapping().label());
        all.put("pageShift", s.pageShift());
        return all;
    }

    private static String unmap(TraceSettings s) {
        return s.lazy() ? "lazy" : "strict";
    }
}
