// SPDX-License-Identifier: Apache-2.0
/**
 * Page tables: formats as pure descriptions, and the one walker that reads them.
 *
 * <p>A {@link org.iommuemu.paging.TableFormat} says how a descriptor is told apart and where its address is; a {@link
 * org.iommuemu.paging.TableRoot} says where a set of tables starts and how it is used; {@link org.iommuemu.paging.Walker}
 * turns an address into a leaf descriptor, through {@link org.iommuemu.paging.WalkCaches}. Heights count from the leaf: a
 * descriptor of height 0 maps a page. Software that writes tables lives apart, in {@code paging.build}. May use {@code
 * bits}, {@code memory} and {@code cache}.
 */
@NullMarked
package org.iommuemu.paging;

import org.jspecify.annotations.NullMarked;
