// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's core, which all interfaces end in: devices, or PASIDs of theirs, are attached to domains, and that is little less than all there
 * is. Beside it PASIDs, shared address spaces and I/O page faults.
 */
@NullMarked
package org.iommuemu.host.control;

import org.jspecify.annotations.NullMarked;
