// SPDX-License-Identifier: Apache-2.0
/**
 * The one cache of the house: set-associative lookup structures with exact replacement policies. Configuration caches,
 * IOTLB levels, walk caches and device ATCs all are a {@link org.iommuemu.cache.SetAssociativeCache}; what a tag or a
 * value means, and which entries an invalidation command selects, is for those owners to say.
 *
 * <p>Floor 1; uses nothing but {@code java.*}. A cache has no notion of time: who looks something up charges for it.
 *
 * <p>Start reading at {@link org.iommuemu.cache.SetAssociativeCache}: {@code find} and {@code fill} are the hot path.
 * Then {@code Replacement} (which way to evict) and {@code TagIndex} (how a set is searched without a scan).
 */
package org.iommuemu.cache;
