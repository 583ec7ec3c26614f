// SPDX-License-Identifier: Apache-2.0
/** The registers of the edu device, and nothing else. */
@NullMarked
package org.iommuemu.device.edu.spec;

import org.jspecify.annotations.NullMarked;
