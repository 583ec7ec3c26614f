// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.paging.TableRoot;

/** What an architecture reads out of leaf descriptors, of either stage. */
public interface LeafRules {
    /**
     * What a leaf allows.
     *
     * @param restrictions accumulated over the table descriptors
     * @return {@link org.iommuemu.paging.Permission} bits
     */
    int permissions(TableRoot root, long leaf, long restrictions);

    /** The leaf marked as accessed. */
    long accessed(TableRoot root, long leaf);

    /** The leaf marked as dirty, and thereby writable, if it may be; else the same leaf. */
    long dirty(TableRoot root, long leaf);

    /** Whether a leaf is shared by all address spaces. */
    boolean isGlobal(TableRoot root, long leaf);

    /** Memory attributes of a leaf, as {@link Verdict#attributes()} gives them; at most 48 bits. */
    long attributes(TableRoot root, long leaf);

    /** Memory attributes of an access that both stages have attributes for. */
    long combine(long stage1, long stage2);

    /** The permission bits that a walk of the first stage needs in the second stage for the tables it reads. */
    int tableNeed(TableRoot stage2);

    /** Whether a walk of the first stage may read a table that the second stage maps with these attributes. */
    boolean mayHoldTables(TableRoot stage2, long attributes);

    /** Whether transactions must not go to some of the physical addresses from {@code first} to {@code last}. */
    boolean forbids(long first, long last);
}
