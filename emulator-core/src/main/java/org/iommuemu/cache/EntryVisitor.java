// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/** Sees the valid entries of a cache; see {@link SetAssociativeCache#forEach}. */
@FunctionalInterface
public interface EntryVisitor {

    /** Called once per valid entry, in entry order; must not add or drop entries. */
    void visit(int entry, long tag0, long tag1, long value0, long value1);
}
