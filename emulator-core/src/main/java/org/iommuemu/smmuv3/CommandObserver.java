// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.smmuv3.spec.Command;

/** Sees every legal command that is consumed, before it takes effect; for lint and tests. */
@FunctionalInterface
public interface CommandObserver {
    /**
     * A command is consumed.
     *
     * @param command which
     * @param word0 its first word
     * @param word1 its second word
     */
    void consuming(Command command, long word0, long word1);
}
