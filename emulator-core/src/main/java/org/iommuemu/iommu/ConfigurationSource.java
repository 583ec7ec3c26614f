// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.jspecify.annotations.Nullable;

/** Reads configuration from memory past all caches; reports no fault, marks and counts nothing. */
@FunctionalInterface
public interface ConfigurationSource {
    /** What memory says of a stream and substream, or null if it refuses them. */
    @Nullable
    TranslationContext fetch(int streamId, int substreamId);
}
