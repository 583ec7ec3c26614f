// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

/** Takes the I/O page faults of a domain, and answers each group of them, now or later. */
@FunctionalInterface
public interface FaultHandler {
    /** Takes a group, which is to be {@link FaultGroup#respond answered} once. */
    void handle(FaultGroup group);
}
