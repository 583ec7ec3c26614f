// SPDX-License-Identifier: Apache-2.0
/**
 * Layouts of a VT-d remapping unit, each declared once: registers, root, context and PASID entries, invalidation descriptors,
 * fault records, page requests, interrupt remapping entries. No behaviour. May use {@code bits}.
 */
@NullMarked
package org.iommuemu.vtd.spec;

import org.jspecify.annotations.NullMarked;
