// SPDX-License-Identifier: Apache-2.0
/**
 * How soon the pages of a trace are used again. One pass gives the misses of fully associative LRU caches of every size: {@link
 * org.iommuemu.trace.reuse.TracePages} says which pages accesses touch by the mappings in force, {@link
 * org.iommuemu.trace.reuse.RecencyStack} how many others came since, {@link org.iommuemu.trace.reuse.ReuseDistances} counts, and {@link
 * org.iommuemu.trace.reuse.MissCurve} is the result. The method is in docs/reuse-distance.md.
 */
@NullMarked
package org.iommuemu.trace.reuse;

import org.jspecify.annotations.NullMarked;
