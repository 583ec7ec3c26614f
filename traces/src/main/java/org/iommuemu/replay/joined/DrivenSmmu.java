// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.Arrays;
import java.util.function.Consumer;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.LinuxRelease;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.SmmuOptions;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.jspecify.annotations.Nullable;

/** An SMMUv3 with a first stage for each domain, as Linux has it. */
final class DrivenSmmu implements DrivenMachine {
    private static final long IDR0 = 0xD40_101A;
    /** S1P and S2P: QEMU has one of them. */
    private static final long STAGES = 3;

    private static final long IDR1 = 0x273_0010;
    private static final long IDR3 = 0x1404;
    private static final long IDR5 = 0x74;
    private static final int GRANULE_BASE_SHIFT = 10;
    private static final int PAGE_SHIFT = 12;
    private static final int LARGEST_GRANULE = 3;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final SmmuV3 smmu;
    private final SmmuDriver driver;
    private final StageLayout stages;
    private final SmmuOptions options;

    DrivenSmmu(@Nullable RegisterValues registers, Setup setup, Consumer<QueuedCommand> listener) {
        smmu = new SmmuV3(memory, features(registers, setup.stages()), setup.caches(), InterruptSink.NONE);
        smmu.observeSoftware(null, (command, word0, word1) -> listener.accept(decode(command, word0, word1)));
        stages = setup.stages();
        options = options(setup.survey());
        driver = new SmmuDriver(smmu, memory, stages, options, setup.patience());
    }

    /** Linux 6.12 names the stream when it writes a context; 6.1 only synchronizes. */
    private static SmmuOptions options(Survey survey) {
        LinuxRelease release = survey.has(Command.CFGI_CD.name()) ? LinuxRelease.LINUX_6_12 : LinuxRelease.LINUX_6_1;
        int shift = survey.pageShift();
        for (int granule = 1; granule <= LARGEST_GRANULE; granule++) {
            if (survey.rangeFields().contains("tg=" + granule + ",")) {
                shift = GRANULE_BASE_SHIFT + 2 * granule;
            }
        }
        return new SmmuOptions(release, shift);
    }

    private static SmmuFeatures features(@Nullable RegisterValues registers, StageLayout stages) {
        return new SmmuFeatures(
                DrivenMachine.word(registers, 0, stages == StageLayout.STAGE_1 ? IDR0 : IDR0 ^ STAGES),
                DrivenMachine.word(registers, 4, IDR1),
                DrivenMachine.word(registers, 0xC, IDR3),
                DrivenMachine.word(registers, 0x14, IDR5),
                0,
                0);
    }

    /** Whether a command of an SMMUv3 has that name. */
    static boolean isCommand(String op) {
        return Arrays.stream(Command.values()).anyMatch(c -> c.name().equals(op));
    }

    /** As recorders decode it. */
    static QueuedCommand decode(Command command, long word0, long word1) {
        int stream = JoinedRow.NONE;
        int domain = JoinedRow.NONE;
        long iova = 0;
        long bytes = 0;
        String fields = "";
        switch (command) {
            case CFGI_STE, CFGI_CD, CFGI_CD_ALL, PREFETCH_CONFIG, ATC_INV -> stream = Command.SID.getInt(word0);
            case CFGI_STE_RANGE -> fields = "range=" + Command.RANGE.get(word1);
            case TLBI_NH_ASID -> domain = Command.ASID.getInt(word0);
            case TLBI_NH_ALL, TLBI_S12_VMALL -> domain = Command.VMID.getInt(word0);
            case TLBI_NH_VA, TLBI_S2_IPA -> {
                boolean first = command == Command.TLBI_NH_VA;
                int granule = Command.TG.getInt(word1);
                int shift = granule == 0 ? PAGE_SHIFT : GRANULE_BASE_SHIFT + 2 * granule;
                domain = (first ? Command.ASID : Command.VMID).getInt(word0);
                iova = Command.ADDRESS.inPlace(word1);
                bytes = granule == 0 ? 1L << shift : Command.NUM.get(word0) + 1 << Command.SCALE.getInt(word0) + shift;
                fields = fields(
                        first ? Command.VMID.get(word0) : domain,
                        granule,
                        Command.TTL.get(word1),
                        Command.LEAF.get(word1));
            }
            default -> {}
        }
        return new QueuedCommand(command.name(), stream, domain, iova, bytes, fields, command == Command.SYNC);
    }

    /** Fields of an invalidation by address that are not columns. */
    static String fields(long vmid, long granule, long level, long leaf) {
        return "vmid=" + vmid + ",tg=" + granule + ",ttl=" + level + ",leaf=" + leaf;
    }

    @Override
    public String name() {
        return "SMMUv3, " + (stages == StageLayout.STAGE_1 ? "first stage" : "second stage") + "; Linux "
                + options.release().label();
    }

    @Override
    public int pageShift() {
        return options.pageShift();
    }

    /**
     * What is reserved for a device is mapped in its domain, and the domain flushed: in Linux 6.1 with the device attached, which a device that
     * joins a group is twice.
     */
    @Override
    public void attach(int stream, Domain domain, boolean first) {
        boolean before = options.release() != LinuxRelease.LINUX_6_1;
        if (before) {
            driver.invalidate(domain, 0, 0);
        }
        driver.attach(stream, IommuDriver.NO_PASID, domain);
        if (!before) {
            if (!first) {
                driver.attach(stream, IommuDriver.NO_PASID, domain);
            }
            driver.invalidate(domain, 0, 0);
        }
    }

    @Override
    public StageLayout stages() {
        return stages;
    }

    @Override
    public Iommu iommu() {
        return smmu;
    }

    @Override
    public IommuDriver driver() {
        return driver;
    }

    @Override
    public int level(int height) {
        return Aarch64Stage1.LAST_LEVEL - height;
    }

    @Override
    public TranslationUnit unit() {
        return smmu.unit();
    }

    @Override
    public void close() {
        memory.close();
    }
}
