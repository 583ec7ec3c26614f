// SPDX-License-Identifier: Apache-2.0
/** What people and programs read of a run: text summaries, JSON of stable names, files written whole or not at all. */
@NullMarked
package org.iommuemu.report;

import org.jspecify.annotations.NullMarked;
