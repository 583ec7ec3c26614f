// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

/**
 * What tables of one stage say of an address.
 *
 * @param output where it leads to
 * @param shift log2 of the page
 * @param read every level allows reads
 * @param write every level allows writes
 * @param user every level allows user requests
 * @param snoop the leaf forces snooping
 * @param entry where the leaf is
 */
record ReferenceLeaf(long output, int shift, boolean read, boolean write, boolean user, boolean snoop, long entry) {}
