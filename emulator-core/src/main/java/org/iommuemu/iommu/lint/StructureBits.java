// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.lint;

import org.iommuemu.bits.Layout;

/** What an architecture says of its configuration structures. */
public interface StructureBits {
    /** The bits of one word that the machine may use, given what the structure says; a change of others has no effect. */
    long used(Layout layout, long[] words, int word);

    /** Whether a structure does more than refuse. */
    boolean isActive(Layout layout, long[] words);

    /** Whether a cache may keep a structure. */
    boolean isCacheable(Layout layout, long[] words);
}
