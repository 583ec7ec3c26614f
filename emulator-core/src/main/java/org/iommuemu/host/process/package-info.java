// SPDX-License-Identifier: Apache-2.0
/** Processes: address spaces in the machine's memory, demand paging, fork, exec and exit, pids, credentials, open files. */
@NullMarked
package org.iommuemu.host.process;

import org.jspecify.annotations.NullMarked;
