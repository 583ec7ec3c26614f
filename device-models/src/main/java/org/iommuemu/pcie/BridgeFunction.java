// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.AcsCapability;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.pcie.spec.PcieCapability;
import org.iommuemu.pcie.spec.Type1Header;

/** The configuration space of a root port or switch port, and what it says of routing (PCIe Base Specification §7.5.1.3). */
final class BridgeFunction {
    private static final long MEGABYTE_MASK = (1L << Type1Header.WINDOW_SHIFT) - 1;
    private static final int BRIDGE_CLASS = 0x060400;

    private final ConfigSpace config;
    private final ErrorStatus errors;
    private final Register acs;
    private final Register egress;
    private final boolean hasAcs;

    /**
     * A bridge in reset state.
     *
     * @param type Device/Port Type
     * @param number of the port
     */
    BridgeFunction(int type, int number, LinkParameters link) {
        ConfigSpaceBuilder b = new ConfigSpaceBuilder(Type1Header.MAP);
        int pcieAt = b.capability(PcieCapability.ID, PcieCapability.MAP);
        hasAcs = type != PcieCapability.UPSTREAM_PORT;
        int acsAt = hasAcs ? b.extended(AcsCapability.ID, AcsCapability.MAP) : 0;
        config = b.build();
        errors = new ErrorStatus(config, pcieAt);
        acs = ConfigSpaceBuilder.at(acsAt, AcsCapability.CONTROL);
        egress = ConfigSpaceBuilder.at(acsAt, AcsCapability.EGRESS_VECTOR);
        config.wire(CommonHeader.VENDOR_ID, 0, 0);
        config.wire(CommonHeader.CLASS, CommonHeader.CLASS_CODE.of(BRIDGE_CLASS), 0);
        config.wire(CommonHeader.HEADER_TYPE, CommonHeader.HEADER_LAYOUT.of(1), 0);
        Register capabilities = ConfigSpaceBuilder.at(pcieAt, PcieCapability.CAPABILITIES);
        config.wire(capabilities, PcieCapability.PORT_TYPE.set(config.get(capabilities), type), 0);
        Register device = ConfigSpaceBuilder.at(pcieAt, PcieCapability.DEVICE_CAPABILITIES);
        config.wire(device, DeviceControl.withPayload(config.get(device), link), 0);
        Register control = ConfigSpaceBuilder.at(pcieAt, PcieCapability.DEVICE_CONTROL);
        config.wire(control, config.get(control), control.writable() & ~PcieCapability.INITIATE_FLR.mask());
        long speed = link.generation().ordinal() + 1L;
        long width = PcieCapability.MAX_SPEED.of(speed) | PcieCapability.MAX_WIDTH.of(link.lanes());
        config.wire(
                ConfigSpaceBuilder.at(pcieAt, PcieCapability.LINK_CAPABILITIES),
                width | PcieCapability.PORT_NUMBER.of(number),
                0);
        config.wire(ConfigSpaceBuilder.at(pcieAt, PcieCapability.LINK_STATUS), width, 0);
    }

    ConfigSpace config() {
        return config;
    }

    ErrorStatus errors() {
        return errors;
    }

    int secondaryBus() {
        return (int) config.get(Type1Header.SECONDARY_BUS);
    }

    /** Whether a bus is behind it. */
    boolean isBelow(int bus) {
        return bus >= secondaryBus() && bus <= config.get(Type1Header.SUBORDINATE_BUS) && secondaryBus() != 0;
    }

    /** Whether requests from below may go up. */
    boolean isForwardingUp() {
        return CommonHeader.BUS_MASTER.isSet(config.get(CommonHeader.COMMAND));
    }

    /** Whether an address is behind it. */
    boolean isBelow(long address) {
        if (!CommonHeader.MEMORY_SPACE.isSet(config.get(CommonHeader.COMMAND))) {
            return false;
        }
        long base = window(Type1Header.MEMORY_BASE);
        long last = window(Type1Header.MEMORY_LIMIT) | MEGABYTE_MASK;
        long wideBase =
                window(Type1Header.PREFETCHABLE_BASE) | config.get(Type1Header.PREFETCHABLE_BASE_UPPER) << Integer.SIZE;
        long wideLast = window(Type1Header.PREFETCHABLE_LIMIT)
                | MEGABYTE_MASK
                | config.get(Type1Header.PREFETCHABLE_LIMIT_UPPER) << Integer.SIZE;
        return isWithin(address, base, last) || isWithin(address, wideBase, wideLast);
    }

    private long window(Register register) {
        return Type1Header.WINDOW.get(config.get(register)) << Type1Header.WINDOW_SHIFT;
    }

    private static boolean isWithin(long address, long base, long last) {
        return Long.compareUnsigned(address, base) >= 0 && Long.compareUnsigned(address, last) <= 0;
    }

    /** Whether an access control service is enabled. */
    boolean is(BitField service) {
        return hasAcs && service.isSet(config.get(acs));
    }

    /** Whether the egress control vector has a port's bit set. */
    boolean isEgressControlled(int port) {
        return hasAcs && port < AcsCapability.EGRESS_PORTS && (config.get(egress) >>> port & 1) != 0;
    }

    /** Enables services as software does: no others. */
    void enable(BitField... services) {
        FunctionControls.require(hasAcs, "ACS");
        long bits = 0;
        for (BitField service : services) {
            bits |= service.mask();
        }
        config.write(acs, bits);
    }
}
