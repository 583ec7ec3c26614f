// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** What an architecture calls the tags of cached translations and contexts, for reports. */
public interface TagNames {
    /** The address space of a translation's tag. */
    String addressSpace(long tag);

    /**
     * The contexts whose {@link TranslationContext#group()} agrees under a mask; only asked where an architecture invalidates by
     * group.
     */
    String group(long mask, long value);
}
