// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.PcieCapability;
import org.iommuemu.time.Picoseconds;

/** What the PCI Express capability of a function says of its requests (PCIe Base Specification §7.5.3). */
final class DeviceControl {
    private static final int NARROW_TAGS = 32;
    private static final int LEAST_PAYLOAD = 128;
    private static final int NO_TIMEOUT = -1;
    /** Longest times of the ranges of Device Control 2, by encoding, in microseconds; 0 is reserved, and as the default. */
    private static final long[] RANGES = {
        0, 100, 10_000, 0, 0, 55_000, 210_000, 0, 0, 900_000, 3_500_000, 0, 0, 13_000_000, 64_000_000, 0
    };

    private final ConfigSpace config;
    private final FunctionDescription description;
    private final LinkParameters link;
    private final Register control;
    private final Register control2;
    private boolean resetting;

    /** The capability at an offset; its link's own limits are those of {@code link}. */
    DeviceControl(ConfigSpace config, int at, FunctionDescription description, LinkParameters link, Runnable reset) {
        this.config = config;
        this.description = description;
        this.link = link;
        control = ConfigSpaceBuilder.at(at, PcieCapability.DEVICE_CONTROL);
        control2 = ConfigSpaceBuilder.at(at, PcieCapability.DEVICE_CONTROL_2);
        Register capabilities = ConfigSpaceBuilder.at(at, PcieCapability.DEVICE_CAPABILITIES);
        long device = withPayload(config.get(capabilities), link) | PcieCapability.FLR_CAPABLE.mask();
        config.wire(capabilities, device, 0);
        long speed = link.generation().ordinal() + 1L;
        config.wire(
                ConfigSpaceBuilder.at(at, PcieCapability.LINK_CAPABILITIES),
                PcieCapability.MAX_SPEED.of(speed) | PcieCapability.MAX_WIDTH.of(link.lanes()),
                0);
        config.wire(
                ConfigSpaceBuilder.at(at, PcieCapability.LINK_STATUS),
                PcieCapability.SPEED.of(speed) | PcieCapability.WIDTH.of(link.lanes()),
                0);
        config.rule(control, (old, requested) -> {
            resetting = PcieCapability.INITIATE_FLR.isSet(requested);
            return requested & ~PcieCapability.INITIATE_FLR.mask();
        });
        config.onWrite(control, (old, now) -> {
            if (resetting) {
                resetting = false;
                reset.run();
            }
        });
    }

    /** Device Capabilities with the largest payload of a link. */
    static long withPayload(long capabilities, LinkParameters link) {
        return PcieCapability.MPS_SUPPORTED.set(capabilities, log2(link.maxPayload()));
    }

    /** Sets the sizes as firmware does: those of the link. */
    void configureSizes() {
        long value = PcieCapability.MPS.set(config.get(control), log2(link.maxPayload()));
        config.write(control, PcieCapability.MRRS.set(value, log2(link.maxReadRequest())));
    }

    private static int log2(int bytes) {
        return Integer.numberOfTrailingZeros(bytes / LEAST_PAYLOAD);
    }

    int maxPayload() {
        return Math.min(link.maxPayload(), bytes(PcieCapability.MPS.getInt(config.get(control))));
    }

    int maxReadRequest() {
        return Math.min(link.maxReadRequest(), bytes(PcieCapability.MRRS.getInt(config.get(control))));
    }

    /** The two highest encodings are reserved, and as the lowest. */
    private static int bytes(int encoding) {
        return encoding > 5 ? LEAST_PAYLOAD : LEAST_PAYLOAD << encoding;
    }

    int tags() {
        boolean extended = PcieCapability.EXTENDED_TAG.isSet(config.get(control));
        return extended ? description.tags() : Math.min(NARROW_TAGS, description.tags());
    }

    /** Completion time-out in ps, or -1 for none. */
    long timeout() {
        long value = config.get(control2);
        if (PcieCapability.TIMEOUT_DISABLE.isSet(value)) {
            return NO_TIMEOUT;
        }
        long range = RANGES[PcieCapability.TIMEOUT.getInt(value)];
        return range == 0 ? description.timeout() : Picoseconds.ofNanoseconds(range * 1000);
    }

    /** What an FLR leaves. */
    long payloadBits() {
        return PcieCapability.MPS.inPlace(config.get(control));
    }

    void keepPayload(long bits) {
        config.set(control, PcieCapability.MPS.set(config.get(control), 0) | bits);
    }
}
