// SPDX-License-Identifier: Apache-2.0
/**
 * Software's side of page tables: writes descriptors into memory, as a driver would. The walker knows nothing of it. Used by
 * tests, benchmarks and the host's drivers; start with {@link org.iommuemu.paging.build.TableBuilder}.
 */
@NullMarked
package org.iommuemu.paging.build;

import org.jspecify.annotations.NullMarked;
