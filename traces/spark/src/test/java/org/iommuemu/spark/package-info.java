// SPDX-License-Identifier: Apache-2.0
/** Submits the job's jar to a cluster of processes on this machine, as a user would. */
@NullMarked
package org.iommuemu.spark;

import org.jspecify.annotations.NullMarked;
