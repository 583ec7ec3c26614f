// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.function.UnaryOperator;
import org.iommuemu.invariant.CommandFilter.Words;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.vtd.spec.Descriptor;

/** What drivers get wrong. */
enum BrokenDriver {
    /** Forgets to invalidate the IOTLB. */
    NO_IOTLB_INVALIDATION(w -> isTlb(w) ? nothing() : w, w -> isIotlb(w) ? noWork() : w),
    /** Names the address space of somebody else. */
    WRONG_ADDRESS_SPACE(
            w -> isTlb(w) ? new Words(w.word0() ^ Command.ASID.of(0x100), w.word1()) : w,
            w -> isIotlb(w) ? new Words(w.word0() ^ Descriptor.DID.of(0x100), w.word1()) : w),
    /** Names the next page. */
    WRONG_PAGE(
            w -> isTlb(w) ? new Words(w.word0(), w.word1() + (1L << 12)) : w,
            w -> isIotlb(w) ? new Words(w.word0(), w.word1() + (1L << 12)) : w),
    /** Invalidates one page where it has unmapped several. */
    ONE_PAGE_ONLY(
            w -> isTlb(w)
                    ? new Words(
                            w.word0() & ~Command.NUM.mask() & ~Command.SCALE.mask(),
                            Command.TTL.get(w.word1()) == 0 ? w.word1() & ~Command.TG.mask() : w.word1())
                    : w,
            w -> isIotlb(w) ? new Words(w.word0(), w.word1() & ~0x3FL) : w),
    /** Says that only leaves have changed where a table has gone. */
    LEAVES_ONLY(
            w -> isTlb(w) ? new Words(w.word0(), w.word1() | Command.LEAF.of(1)) : w,
            w -> isIotlb(w) ? new Words(w.word0(), w.word1() | 1 << 6) : w),
    /** Forgets to invalidate ATCs. */
    NO_ATC_INVALIDATION(w -> isAtc(w) ? nothing() : w, w -> isDeviceTlb(w) ? noWork() : w),
    /** Names another PASID to the ATC. */
    WRONG_PASID(
            w -> isAtc(w) ? new Words(w.word0() ^ Command.SSV.of(1) ^ Command.SSID.of(0x100), w.word1()) : w,
            w -> Descriptor.of(w.word0()) == Descriptor.PASID_DEVICE_TLB
                    ? new Words(w.word0() ^ Descriptor.PASID.of(0x100), w.word1())
                    : Descriptor.of(w.word0()) == Descriptor.DEVICE_TLB ? noWork() : w),
    /** Does not wait for ATCs. */
    NO_WAIT(w -> Command.of(w.word0()) == Command.SYNC ? nothing() : w, w -> w),
    /** Does not answer page requests. */
    NO_RESPONSE(
            w -> Command.of(w.word0()) == Command.PRI_RESP ? nothing() : w,
            w -> Descriptor.of(w.word0()) == Descriptor.PAGE_GROUP_RESPONSE ? noWork() : w);

    private final UnaryOperator<Words> smmu;
    private final UnaryOperator<Words> vtd;

    BrokenDriver(UnaryOperator<Words> smmu, UnaryOperator<Words> vtd) {
        this.smmu = smmu;
        this.vtd = vtd;
    }

    /** A command for a stream that nobody has. */
    private static Words nothing() {
        return new Words(Command.OPCODE.of(Command.CFGI_STE.opcode()) | Command.SID.of(0xFFFF_FF00L), 1);
    }

    /** An invalidation of interrupt entries, of which there are none. */
    private static Words noWork() {
        return new Words(Descriptor.INTERRUPT_ENTRY_CACHE.type(), 0);
    }

    private static boolean isTlb(Words w) {
        Command c = Command.of(w.word0());
        return c == Command.TLBI_NH_VA || c == Command.TLBI_NH_ASID;
    }

    private static boolean isAtc(Words w) {
        return Command.of(w.word0()) == Command.ATC_INV;
    }

    private static boolean isDeviceTlb(Words w) {
        Descriptor d = Descriptor.of(w.word0());
        return d == Descriptor.DEVICE_TLB || d == Descriptor.PASID_DEVICE_TLB;
    }

    private static boolean isIotlb(Words w) {
        Descriptor d = Descriptor.of(w.word0());
        return d == Descriptor.IOTLB || d == Descriptor.PASID_IOTLB;
    }

    /** What no longer holds. */
    Invariant breaks() {
        // A table that has given way to a block keeps being used, but it has nothing in it.
        return this == LEAVES_ONLY ? Invariant.MAPPED_IS_ACCESSIBLE : Invariant.NO_ACCESS_AFTER_UNMAP;
    }

    /** Makes the driver of a machine this one. */
    void install(Platform machine) {
        CommandFilter.install(machine, machine.smmu() != null ? smmu : vtd);
    }
}
