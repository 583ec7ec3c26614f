// SPDX-License-Identifier: Apache-2.0
/**
 * A machine put together: memory, clock, an IOMMU of either architecture, the links and functions behind it. {@link
 * org.iommuemu.platform.Platform} is where a test, an example or a simulator begins.
 */
@NullMarked
package org.iommuemu.platform;

import org.jspecify.annotations.NullMarked;
