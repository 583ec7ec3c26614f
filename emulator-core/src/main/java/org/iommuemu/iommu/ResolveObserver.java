// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** Sees every {@link TranslationUnit#resolve} when it has ended, with its arguments. */
@FunctionalInterface
interface ResolveObserver {
    /** A translation was found, or not; {@link TranslationUnit#result()} has it. */
    void resolved(
            TableRoot root, @Nullable TableRoot second, long address, int need, int useful, int mode, boolean found);
}
