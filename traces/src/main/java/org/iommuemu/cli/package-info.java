// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: one class for each command, over what a library user calls too. {@link org.iommuemu.cli.Main} is the
 * entrance; exit status 0 done and agreed, 1 done and not agreed, 2 bad usage or input.
 */
@NullMarked
package org.iommuemu.cli;

import org.jspecify.annotations.NullMarked;
