// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.paging.build.TableBuilder.EntryBits;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;

/** The tables that a driver of a VT-d unit builds: four levels, or three of a second stage that has no more. */
final class VtdTables {
    private static final int HOST_BITS = 52;
    /** The lower half of what four levels translate. */
    private static final int FIRST_BITS = 47;

    private static final int FIVE_LEVELS = 3;
    private static final int FOUR_LEVELS = 2;
    private static final int THREE_LEVELS = 1;

    private final TableKind first;
    private final TableKind second;
    private final int width;
    private final int mostWidth;

    VtdTables(VtdFeatures features, boolean scalable) {
        width = features.widthOf(FOUR_LEVELS) != 0 ? FOUR_LEVELS : THREE_LEVELS;
        mostWidth = features.widthOf(FIVE_LEVELS) != 0 ? FIVE_LEVELS : width;
        first = new TableKind(
                VtdFirstStage.format(HOST_BITS, features.has(Capability.FS1GP), false),
                EntryBits.VTD_FIRST,
                FIRST_BITS,
                VtdTables::firstLeaf);
        second = new TableKind(
                VtdSecondStage.format(
                        HOST_BITS,
                        features.largeHeights(),
                        features.hasExtended(ExtendedCapability.SC),
                        false,
                        scalable),
                EntryBits.VTD_SECOND,
                features.widthOf(width),
                VtdTables::secondLeaf);
    }

    TableKind first() {
        return first;
    }

    TableKind second() {
        return second;
    }

    /** Address width of the second stage, as entries have it. */
    int width() {
        return width;
    }

    /** Address width of the most levels that the unit walks, as entries have it. */
    int mostWidth() {
        return mostWidth;
    }

    /** Accessed already, and dirty if it may be. */
    private static long firstLeaf(int permissions) {
        boolean writable = (permissions & IommuDriver.WRITE) != 0;
        boolean privileged = (permissions & IommuDriver.PRIVILEGED) != 0;
        return VtdFirstStage.A.mask()
                | (privileged ? 0 : VtdFirstStage.US.mask())
                | (writable ? VtdFirstStage.RW.mask() | VtdFirstStage.D.mask() : 0);
    }

    private static long secondLeaf(int permissions) {
        return VtdSecondStage.R.of((permissions & IommuDriver.READ) != 0 ? 1 : 0)
                | VtdSecondStage.W.of((permissions & IommuDriver.WRITE) != 0 ? 1 : 0);
    }
}
