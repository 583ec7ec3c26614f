// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

/**
 * What context and PASID entry say of a request.
 *
 * @param kind first-stage, second-stage, nested, pass-through: the codes of PGTT, also in legacy mode
 * @param second root of the second stage
 * @param width its guest address bits, also limited by MGAW
 * @param levels its levels
 * @param first root of the first stage
 * @param firstLevels its levels
 * @param supervisor the request is privileged
 * @param writeProtect WPE
 * @param extendedAccessed EAFE
 * @param updates SSADE
 * @param snoops PWSNP
 * @param forcesSnoop PGSNP
 */
record ReferenceContext(
        boolean legacy,
        int kind,
        long second,
        int width,
        int levels,
        long first,
        int firstLevels,
        boolean supervisor,
        boolean writeProtect,
        boolean extendedAccessed,
        boolean updates,
        boolean snoops,
        boolean forcesSnoop) {
    static final int FIRST = 1;
    static final int SECOND = 2;
    static final int NESTED = 3;
    static final int PASS = 4;
}
