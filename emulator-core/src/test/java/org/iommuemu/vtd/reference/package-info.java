// SPDX-License-Identifier: Apache-2.0
/**
 * A second VT-d unit, for comparison: registers and memory in, the outcome of one request out. Written from the text alone, as
 * literally as it goes, without caches and without anything of the model but its interface and the memory. Start at {@link
 * org.iommuemu.vtd.reference.ReferenceVtd}.
 */
package org.iommuemu.vtd.reference;
