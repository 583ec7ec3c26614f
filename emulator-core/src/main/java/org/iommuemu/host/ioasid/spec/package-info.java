// SPDX-License-Identifier: Apache-2.0
/** Layouts of the calls of /dev/ioasid. The sketch names the calls alone; numbers and structures are this project's, in VFIO's manner. */
@NullMarked
package org.iommuemu.host.ioasid.spec;

import org.jspecify.annotations.NullMarked;
