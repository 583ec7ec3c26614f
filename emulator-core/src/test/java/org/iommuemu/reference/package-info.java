// SPDX-License-Identifier: Apache-2.0
/** What comparisons with a second model share: random choices, places for structures, memory that remembers what was read. */
package org.iommuemu.reference;
