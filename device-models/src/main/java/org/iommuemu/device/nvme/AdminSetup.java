// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.function.IntSupplier;

/**
 * What the registers say when the controller is enabled.
 *
 * @param pageBytes CC.MPS
 * @param submissionBase ASQ
 * @param submissionEntries of AQA
 * @param completionBase ACQ
 * @param completionEntries of AQA
 * @param controller CC as it is at any later moment
 */
record AdminSetup(
        int pageBytes,
        long submissionBase,
        int submissionEntries,
        long completionBase,
        int completionEntries,
        IntSupplier controller) {}
