// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.AtsCapability;
import org.iommuemu.pcie.spec.CommonHeader;
import org.iommuemu.pcie.spec.PasidCapability;

/**
 * What software has switched on in a function's configuration space, as far as its DMA goes; where the function lacks a capability,
 * what it controls is off. ATS and PASID controls cannot be changed while ATS is enabled (PCIe Base Specification §10.5.1.3, §7.8.9.3).
 */
public final class FunctionControls {
    /** Follows one enable. */
    @FunctionalInterface
    public interface Switched {
        /** It has just been switched. */
        void switched(boolean on);
    }

    private static final int ABSENT = -1;

    private final ConfigSpace config;
    private final Register capability;
    private final Register ats;
    private final Register pasid;
    private final Register pasidCapability;
    private final boolean hasAts;
    private final boolean hasPasid;
    private final PageRequestControl pageRequests;
    private final List<Switched> onAts = new ArrayList<>();
    private final List<Switched> onPasid = new ArrayList<>();
    private final List<Switched> onBusMaster = new ArrayList<>();

    /**
     * The controls of a function.
     *
     * @param atsAt offset of the ATS capability, or -1
     * @param pasidAt offset of the PASID capability, or -1
     */
    FunctionControls(ConfigSpace config, int atsAt, int pasidAt, PageRequestControl pageRequests) {
        this.config = config;
        this.pageRequests = pageRequests;
        hasAts = atsAt != ABSENT;
        hasPasid = pasidAt != ABSENT;
        capability = ConfigSpaceBuilder.at(Math.max(0, atsAt), AtsCapability.CAPABILITY);
        ats = ConfigSpaceBuilder.at(Math.max(0, atsAt), AtsCapability.CONTROL);
        pasid = ConfigSpaceBuilder.at(Math.max(0, pasidAt), PasidCapability.CONTROL);
        pasidCapability = ConfigSpaceBuilder.at(Math.max(0, pasidAt), PasidCapability.CAPABILITY);
        if (hasAts) {
            config.rule(ats, (old, requested) -> {
                boolean stays = AtsCapability.ENABLE.isSet(old & requested);
                return stays ? AtsCapability.STU.set(requested, AtsCapability.STU.get(old)) : requested;
            });
            config.onWrite(ats, (old, now) -> follow(AtsCapability.ENABLE, old, now, onAts));
        }
        if (hasPasid) {
            config.rule(pasid, (old, requested) -> isAts() ? old : requested & config.writableBits(pasid));
            config.onWrite(pasid, (old, now) -> follow(PasidCapability.ENABLE, old, now, onPasid));
        }
        config.onWrite(CommonHeader.COMMAND, (old, now) -> follow(CommonHeader.BUS_MASTER, old, now, onBusMaster));
    }

    private static void follow(BitField bit, long old, long now, List<Switched> followers) {
        if (bit.isSet(old ^ now)) {
            followers.forEach(f -> f.switched(bit.isSet(now)));
        }
    }

    private boolean is(boolean has, Register control, BitField bit) {
        return has && bit.isSet(config.get(control));
    }

    /** Command register, Memory Space Enable. */
    public boolean isMemorySpace() {
        return CommonHeader.MEMORY_SPACE.isSet(config.get(CommonHeader.COMMAND));
    }

    /** Command register, Bus Master Enable. */
    public boolean isBusMaster() {
        return CommonHeader.BUS_MASTER.isSet(config.get(CommonHeader.COMMAND));
    }

    /** ATS control, Enable. */
    public boolean isAts() {
        return is(hasAts, ats, AtsCapability.ENABLE);
    }

    /** ATS control, Smallest Translation Unit: log2 of its 4 KiB pages. */
    public int smallestTranslationUnit() {
        return hasAts ? AtsCapability.STU.getInt(config.get(ats)) : 0;
    }

    /** Whether Page Requests may be sent: PRI control, Enable, and no Response Failure since. */
    public boolean isPri() {
        return pageRequests.isEnabled();
    }

    /** PRI, Outstanding Page Request Allocation. */
    public int pageRequestAllocation() {
        return pageRequests.allocation();
    }

    /** The page-request capability, whose status the page-request interface sets. */
    public PageRequestControl pageRequests() {
        return pageRequests;
    }

    /** PASID control, Enable. */
    public boolean isPasid() {
        return is(hasPasid, pasid, PasidCapability.ENABLE);
    }

    /** PASID control, Execute Permission Enable. */
    public boolean isExecute() {
        return is(hasPasid, pasid, PasidCapability.EXECUTE);
    }

    /** PASID control, Privileged Mode Enable. */
    public boolean isPrivileged() {
        return is(hasPasid, pasid, PasidCapability.PRIVILEGED);
    }

    /** Max PASID Width, or -1 without the PASID capability. */
    public int pasidBits() {
        return hasPasid ? PasidCapability.WIDTH.getInt(config.get(pasidCapability)) : -1;
    }

    /** Whether the function has the ATS capability, without which it does not know Invalidate Requests. */
    public boolean hasAts() {
        return hasAts;
    }

    /** ATS capability, Global Invalidate Supported. */
    public boolean hasGlobalInvalidate() {
        return is(hasAts, capability, AtsCapability.GLOBAL_INVALIDATE);
    }

    /** Follows ATS Enable; not told of resets. */
    public void onAts(Switched follower) {
        onAts.add(follower);
    }

    /** Follows PASID Enable; not told of resets. */
    public void onPasid(Switched follower) {
        onPasid.add(follower);
    }

    /** Follows Bus Master Enable; not told of resets. */
    public void onBusMaster(Switched follower) {
        onBusMaster.add(follower);
    }

    void enableAts(int unit) {
        require(hasAts, "ATS");
        config.write(ats, AtsCapability.STU.of(unit) | AtsCapability.ENABLE.mask());
    }

    void disableAts() {
        require(hasAts, "ATS");
        config.write(ats, 0);
    }

    void pasid(boolean on, boolean execute, boolean privileged) {
        require(hasPasid, "PASID");
        config.write(
                pasid,
                PasidCapability.ENABLE.of(on ? 1 : 0)
                        | PasidCapability.EXECUTE.of(execute ? 1 : 0)
                        | PasidCapability.PRIVILEGED.of(privileged ? 1 : 0));
    }

    static void require(boolean has, String capability) {
        if (!has) {
            throw new IllegalStateException("the function has no " + capability + " capability");
        }
    }
}
