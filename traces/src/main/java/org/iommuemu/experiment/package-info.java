// SPDX-License-Identifier: Apache-2.0
/**
 * Published measurements, repeated on the model: each experiment brings up a machine as software would, lets devices loose on it, and
 * compares point by point with what was measured.
 */
@NullMarked
package org.iommuemu.experiment;

import org.jspecify.annotations.NullMarked;
