// SPDX-License-Identifier: Apache-2.0
/** What layouts of the kernel's user interface are made of. */
@NullMarked
package org.iommuemu.host.call.spec;

import org.jspecify.annotations.NullMarked;
