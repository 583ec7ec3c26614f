// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Rule;
import org.iommuemu.paging.TableRoot;

/** What an architecture calls the things that an {@link Explanation} shows. */
public interface Terms {
    /** Registers that a lookup starts from, worth showing. */
    List<Explanation.Step> start(Iommu iommu);

    /** What an entry of a table is. */
    String entry(TableRoot root, int height, long entry);

    /** Its layout. */
    Layout entryLayout(TableRoot root, int height, long entry);

    /** The short name of a fault record. */
    String fault(long[] record);

    /** What a fault record is. */
    String record(long[] record);

    /** Its layout. */
    Layout recordLayout(long[] record);

    /** What to say where there is none. */
    String noRecord();

    /** Memory attributes of what went on. */
    String attributes(long attributes);

    /** Whether a rule says that a stream is not known at all. */
    boolean isUnknownStream(Rule rule);
}
