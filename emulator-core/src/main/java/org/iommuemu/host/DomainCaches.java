// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** What caches hold of a domain, IOTLBs and the ATCs of devices that are attached to it. Each call returns when nothing is left. */
interface DomainCaches {
    /**
     * Invalidates a range.
     *
     * @param bytes a multiple of 4 KiB
     * @param leafShift log2 of the size of the leaves that were there, or 0 if tables may have gone too
     */
    void range(Domain domain, long iova, long bytes, int leafShift);

    /** Invalidates all of a domain. */
    void all(Domain domain);

    /** Something has become present, which caches may hold as absent; or tables have gone. */
    void mapped(Domain domain, long iova, long bytes, boolean tableGone);
}
