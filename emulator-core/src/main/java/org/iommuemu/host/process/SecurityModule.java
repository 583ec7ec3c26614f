// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

/** Has a say in who may attach to whom, after all other rules have agreed. */
@FunctionalInterface
public interface SecurityModule {
    /** Forbids nothing. */
    SecurityModule NONE = (caller, target) -> true;

    /** Whether a process may attach to another. */
    boolean allowsAttach(Process caller, Process target);
}
