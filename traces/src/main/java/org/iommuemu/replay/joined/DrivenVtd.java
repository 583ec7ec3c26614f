// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.Arrays;
import java.util.function.Consumer;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.LinuxRelease;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.host.VtdOptions;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** A VT-d unit, in the mode of the recorded one; legacy mode if that is not known. */
final class DrivenVtd implements DrivenMachine {
    private static final long VER = 0x10;
    private static final long CAP = 0xD2_008C_222F_0606L;
    private static final long ECAP = 0xF0_0F4E;
    private static final int PAGE_SHIFT = 12;
    /** Of a wait's first word, what is not the status. */
    private static final long WAIT_FLAGS = 0xFFFF_FFFFL;

    private static final String HIGH = ",hi=0x";

    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd unit;
    private final VtdDriver driver;
    private final boolean scalable;
    private final StageLayout stages;
    private final LinuxRelease release;

    DrivenVtd(@Nullable RegisterValues registers, Setup setup, Consumer<QueuedCommand> listener) {
        unit = new Vtd(memory, features(registers), setup.caches(), InterruptSink.NONE);
        unit.observeSoftware(null, (descriptor, word0, word1) -> listener.accept(decode(descriptor, word0, word1)));
        stages = setup.stages();
        scalable = stages == StageLayout.STAGE_1
                || VtdRegisters.TTM.get(DrivenMachine.doubleWord(registers, VtdRegisters.RTADDR.offset(), 0)) == 1;
        release = release(setup.survey());
        driver = new VtdDriver(unit, memory, VtdOptions.linux(release, stages, scalable), setup.patience());
    }

    /** Linux 6.1 neither aligns the addresses of ranges nor gives the hint that no table has gone. */
    private static LinuxRelease release(Survey survey) {
        String fields = survey.rangeFields();
        boolean hint = fields.isEmpty()
                || Descriptor.IH.isSet(
                        Long.parseUnsignedLong(fields.substring(fields.indexOf(HIGH) + HIGH.length()), 16));
        return survey.hasUnalignedRange() || !hint ? LinuxRelease.LINUX_6_1 : LinuxRelease.LINUX_6_12;
    }

    private static VtdFeatures features(@Nullable RegisterValues registers) {
        return new VtdFeatures(
                DrivenMachine.word(registers, VtdRegisters.VER.offset(), VER),
                DrivenMachine.doubleWord(registers, VtdRegisters.CAP.offset(), CAP),
                DrivenMachine.doubleWord(registers, VtdRegisters.ECAP.offset(), ECAP));
    }

    /** Whether a descriptor of a VT-d unit has that name. */
    static boolean isCommand(String op) {
        return Arrays.stream(Descriptor.values()).anyMatch(d -> name(d).equals(op));
    }

    /** As recorders decode it. */
    static QueuedCommand decode(Descriptor descriptor, long word0, long word1) {
        int stream = JoinedRow.NONE;
        int domain = JoinedRow.NONE;
        long iova = 0;
        long bytes = 0;
        int granularity = Descriptor.G.getInt(word0);
        switch (descriptor) {
            case CONTEXT_CACHE -> {
                stream = granularity == Descriptor.SELECTIVE ? Descriptor.SID.getInt(word0) : JoinedRow.NONE;
                domain = granularity == Descriptor.DOMAIN ? Descriptor.DID.getInt(word0) : JoinedRow.NONE;
            }
            case IOTLB, PASID_IOTLB -> {
                domain = granularity == Descriptor.GLOBAL ? JoinedRow.NONE : Descriptor.DID.getInt(word0);
                if (granularity == Descriptor.SELECTIVE) {
                    iova = Descriptor.ADDR.inPlace(word1);
                    bytes = 1L << Descriptor.AM.getInt(word1) + PAGE_SHIFT;
                }
            }
            case PASID_CACHE -> domain = Descriptor.DID.getInt(word0);
            case DEVICE_TLB -> stream = Descriptor.SID.getInt(word0);
            case PASID_DEVICE_TLB -> stream = Descriptor.RID.getInt(word0);
            default -> {}
        }
        return new QueuedCommand(
                name(descriptor),
                stream,
                domain,
                iova,
                bytes,
                fields(descriptor, word0, word1),
                descriptor == Descriptor.WAIT);
    }

    /** A descriptor's words but for what is a place in memory, or a domain's number. */
    static String fields(Descriptor descriptor, long word0, long word1) {
        boolean tagged = descriptor == Descriptor.IOTLB
                || descriptor == Descriptor.PASID_IOTLB
                || descriptor == Descriptor.CONTEXT_CACHE
                || descriptor == Descriptor.PASID_CACHE;
        boolean wait = descriptor == Descriptor.WAIT;
        long low = wait ? word0 & WAIT_FLAGS : tagged ? Descriptor.DID.set(word0, 0) : word0;
        return "lo=0x" + Long.toHexString(low) + (wait ? "" : HIGH + Long.toHexString(word1));
    }

    private static String name(Descriptor descriptor) {
        return switch (descriptor) {
            case CONTEXT_CACHE -> "context-cache";
            case IOTLB -> "iotlb";
            case DEVICE_TLB -> "dev-iotlb";
            case INTERRUPT_ENTRY_CACHE -> "iec";
            case WAIT -> "wait";
            case PASID_IOTLB -> "p-iotlb";
            case PASID_CACHE -> "pasid-cache";
            case PASID_DEVICE_TLB -> "p-dev-iotlb";
            case PAGE_GROUP_RESPONSE -> "page-response";
            case HPT_CACHE -> "hpt-cache";
        };
    }

    @Override
    public String name() {
        return "VT-d, " + (scalable ? "scalable mode, " : "legacy mode, ")
                + (stages == StageLayout.STAGE_1 ? "first stage" : "second stage")
                + "; Linux " + release.label();
    }

    @Override
    public int pageShift() {
        return PAGE_SHIFT;
    }

    @Override
    public void attach(int stream, Domain domain, boolean first) {
        driver.attach(stream, IommuDriver.NO_PASID, domain);
    }

    @Override
    public StageLayout stages() {
        return stages;
    }

    @Override
    public Iommu iommu() {
        return unit;
    }

    @Override
    public IommuDriver driver() {
        return driver;
    }

    @Override
    public int level(int height) {
        return height + 1;
    }

    @Override
    public TranslationUnit unit() {
        return unit.unit();
    }

    @Override
    public void close() {
        memory.close();
    }
}
