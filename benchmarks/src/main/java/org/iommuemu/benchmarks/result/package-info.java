// SPDX-License-Identifier: Apache-2.0
/**
 * What came out of benchmarks: JMH's JSON files read ({@link org.iommuemu.benchmarks.result.ResultSet}), compared row by row and shown as
 * a table beside yardsticks, floors, aims and what others take. Start with {@link org.iommuemu.benchmarks.result.CompareCommand}.
 */
@NullMarked
package org.iommuemu.benchmarks.result;

import org.jspecify.annotations.NullMarked;
