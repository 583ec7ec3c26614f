// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.pcie.spec.PcieCapability;

/** The status bits in which a function reports errors (PCIe Base Specification §6.2, §7.5.1.1.4, §7.5.3.5). */
final class ErrorStatus {
    private final ConfigSpace config;
    private final Register device;

    /** The bits of a function whose PCI Express capability is at an offset. */
    ErrorStatus(ConfigSpace config, int at) {
        this.config = config;
        device = ConfigSpaceBuilder.at(at, PcieCapability.DEVICE_STATUS);
    }

    /** A request came that is not supported. Where a completion tells the requester, the error is only advisory. */
    void unsupported(boolean posted) {
        raise(PcieCapability.UNSUPPORTED_REQUEST.mask() | uncorrected(posted));
    }

    /** A request was aborted, or violated ACS. */
    void aborted(boolean posted) {
        raise(uncorrected(posted));
        if (!posted) {
            config.raise(CommonHeader.STATUS, CommonHeader.SIGNALED_TARGET_ABORT.mask());
        }
    }

    private static long uncorrected(boolean posted) {
        return posted ? PcieCapability.NON_FATAL.mask() : PcieCapability.CORRECTABLE.mask();
    }

    /** A poisoned request came. */
    void poisoned() {
        config.raise(CommonHeader.STATUS, CommonHeader.DETECTED_PARITY.mask());
        raise(PcieCapability.NON_FATAL.mask());
    }

    /** A completion came that nobody waited for: an advisory error. */
    void unexpected() {
        raise(PcieCapability.CORRECTABLE.mask());
    }

    /** How one of the function's own requests ended. */
    void ended(Requester.Outcome outcome) {
        switch (outcome) {
            case SUCCESS -> {}
            case UR -> config.raise(CommonHeader.STATUS, CommonHeader.RECEIVED_MASTER_ABORT.mask());
            case CA -> config.raise(CommonHeader.STATUS, CommonHeader.RECEIVED_TARGET_ABORT.mask());
            case POISONED -> {
                poisoned();
                if (CommonHeader.PARITY_RESPONSE.isSet(config.get(CommonHeader.COMMAND))) {
                    config.raise(CommonHeader.STATUS, CommonHeader.MASTER_DATA_PARITY.mask());
                }
            }
            case TIMED_OUT -> raise(PcieCapability.NON_FATAL.mask());
        }
    }

    /** Whether the function waits for completions. */
    void pending(boolean some) {
        config.set(device, PcieCapability.TRANSACTIONS_PENDING.set(config.get(device), some ? 1 : 0));
    }

    private void raise(long bits) {
        config.raise(device, bits);
    }
}
