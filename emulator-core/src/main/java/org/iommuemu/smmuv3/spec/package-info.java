// SPDX-License-Identifier: Apache-2.0
/**
 * The layouts of SMMUv3, and nothing else: registers, stream table entries, context descriptors, commands and event records,
 * each declared once with the names of IHI 0070 (issue G.b). May use only {@code bits}.
 */
@NullMarked
package org.iommuemu.smmuv3.spec;

import org.jspecify.annotations.NullMarked;
