// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.PriCapability;

/**
 * The page-request capability of a function (PCIe Base Specification §10.5.2). Software switches the interface on and off; the
 * interface reports how it is.
 *
 * <p>What the specification leaves undefined is decided so: Enable is ignored while a stopped interface still has requests
 * outstanding, an allocation above the capacity is the capacity, and an allocation cannot be changed while enabled.
 */
public final class PageRequestControl {
    /** The interface that sends Page Requests. */
    public interface Interface {
        /** There is none. */
        Interface NONE = new Interface() {
            @Override
            public void enabled() {}

            @Override
            public boolean disabled() {
                return false;
            }

            @Override
            public void reset() {}
        };

        /** Software has enabled it. */
        void enabled();

        /**
         * Software has disabled it: no more Page Requests are to be sent.
         *
         * @return whether some are outstanding; {@link PageRequestControl#stopped} is then to follow
         */
        boolean disabled();

        /** Software has reset it: what is outstanding is forgotten, and all credits are back. */
        void reset();
    }

    private static final int ABSENT = -1;

    private final ConfigSpace config;
    private final boolean present;
    private final int capacity;
    private final Register control;
    private final Register status;
    private final Register allocation;
    private final List<Interface> interfaces = new ArrayList<>();
    private boolean failed;
    private boolean resetting;

    /**
     * The capability of a function.
     *
     * @param at its offset, or -1
     */
    PageRequestControl(ConfigSpace config, int at, int capacity) {
        this.config = config;
        this.capacity = capacity;
        present = at != ABSENT;
        int base = Math.max(0, at);
        control = ConfigSpaceBuilder.at(base, PriCapability.CONTROL);
        status = ConfigSpaceBuilder.at(base, PriCapability.STATUS);
        allocation = ConfigSpaceBuilder.at(base, PriCapability.ALLOCATION);
        if (present) {
            config.rule(control, this::control);
            config.onWrite(control, this::controlled);
            config.rule(allocation, (old, requested) -> isOn() ? old : Math.min(requested, capacity));
        }
    }

    private boolean isOn() {
        return PriCapability.ENABLE.isSet(config.get(control));
    }

    private long control(long old, long requested) {
        resetting = PriCapability.RESET.isSet(requested) && !PriCapability.ENABLE.isSet(requested);
        boolean starts = PriCapability.ENABLE.isSet(requested & ~old);
        boolean refused = starts && !PriCapability.STOPPED.isSet(config.get(status));
        return refused ? 0 : PriCapability.ENABLE.inPlace(requested);
    }

    private void controlled(long old, long now) {
        if (PriCapability.ENABLE.isSet(now & ~old)) {
            failed = false;
            long cleared = PriCapability.RF.mask() | PriCapability.UPRGI.mask() | PriCapability.STOPPED.mask();
            config.set(status, config.get(status) & ~cleared);
            interfaces.forEach(Interface::enabled);
        } else if (PriCapability.ENABLE.isSet(old & ~now)) {
            boolean outstanding = false;
            for (Interface i : interfaces) {
                outstanding |= i.disabled();
            }
            if (!outstanding) {
                stopped();
            }
        }
        if (resetting) {
            resetting = false;
            interfaces.forEach(Interface::reset);
            stopped();
        }
    }

    /** Connects the interface. */
    public void connect(Interface of) {
        interfaces.add(of);
    }

    /** Whether the function has the capability. */
    public boolean isPresent() {
        return present;
    }

    /** Whether Page Requests may be sent. */
    public boolean isEnabled() {
        return present && isOn() && !failed;
    }

    /** Outstanding Page Request Allocation. */
    public int allocation() {
        return present ? (int) config.get(allocation) : 0;
    }

    /** Outstanding Page Request Capacity. */
    public int capacity() {
        return capacity;
    }

    /** Whether the PASID of a request is in its response. */
    public boolean isResponsePasidRequired() {
        return present && PriCapability.RESPONSE_PASID.isSet(config.get(status));
    }

    /** Whether nothing is outstanding, and none will be sent until it is enabled: Stopped. */
    public boolean isStopped() {
        return !present || PriCapability.STOPPED.isSet(config.get(status));
    }

    /** Nothing is outstanding any more, after {@link Interface#disabled}. */
    public void stopped() {
        raise(PriCapability.STOPPED.mask());
    }

    /** A Response Failure has come: the interface is stopped until it is enabled anew. */
    public void responseFailure() {
        failed = true;
        raise(PriCapability.RF.mask() | PriCapability.STOPPED.mask());
    }

    /** A response has come for a group that is not outstanding. */
    public void unexpectedGroup() {
        raise(PriCapability.UPRGI.mask());
    }

    private void raise(long bits) {
        if (present) {
            config.raise(status, bits);
        }
    }

    void forget() {
        failed = false;
    }

    void enable(int requests) {
        FunctionControls.require(present, "page-request");
        config.write(allocation, requests);
        config.write(control, PriCapability.ENABLE.mask());
    }

    void restart() {
        FunctionControls.require(present, "page-request");
        config.write(control, PriCapability.RESET.mask());
    }

    void disable() {
        FunctionControls.require(present, "page-request");
        config.write(control, 0);
    }
}
