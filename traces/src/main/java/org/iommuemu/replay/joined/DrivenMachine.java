// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationUnit;
import org.jspecify.annotations.Nullable;

/** An IOMMU as the recorded one, with the model of its driver; what it consumes from its queue is told. */
interface DrivenMachine extends AutoCloseable {
    /** Where the recorded registers are, if they are there. */
    String REGISTERS = "registers.json";

    /** How it is to be made. */
    record Setup(CacheConfiguration caches, Patience patience, StageLayout stages, Survey survey) {}

    /**
     * A machine for a file, with the identification registers of {@code registers.json} beside it, or those of QEMU's models.
     *
     * @param listener is told of every command that is consumed, from the first one on
     */
    static DrivenMachine open(
            Path file, Survey survey, CacheConfiguration caches, Patience patience, Consumer<QueuedCommand> listener) {
        Path beside = file.toAbsolutePath().resolveSibling(REGISTERS);
        @Nullable RegisterValues registers = read(beside);
        boolean ofSmmu = isSmmu(file, survey, registers);
        if (registers != null && ofSmmu != isSmmu(registers)) {
            throw new InputException(
                    beside, 0, "is of a " + registers.device(), "registers of the IOMMU whose commands are in " + file);
        }
        Setup setup = new Setup(caches, patience, stages(survey, ofSmmu), survey);
        try {
            return ofSmmu ? new DrivenSmmu(registers, setup, listener) : new DrivenVtd(registers, setup, listener);
        } catch (IllegalArgumentException e) {
            throw refused(registers == null ? file : beside, 0, e);
        }
    }

    /** What a driver refuses, as an error of a file; {@link IommuDriver} says how it words that. */
    static InputException refused(Path file, long line, IllegalArgumentException refusal) {
        String[] parts = String.valueOf(refusal.getMessage()).split(", expected ", 2);
        return new InputException(file, line, parts[0], parts.length == 2 ? parts[1] : "what the driver can use");
    }

    private static @Nullable RegisterValues read(Path beside) {
        Path folder = beside.getParent();
        return folder != null && Files.isRegularFile(beside) ? RegisterValues.read(folder) : null;
    }

    private static boolean isSmmu(RegisterValues registers) {
        return registers.device().equals("SMMUv3");
    }

    private static boolean isSmmu(Path file, Survey survey, @Nullable RegisterValues registers) {
        Boolean byCommands = survey.isSmmu();
        if (byCommands != null) {
            return byCommands;
        }
        if (registers != null) {
            return isSmmu(registers);
        }
        throw new InputException(
                file,
                0,
                "has no commands, and no " + REGISTERS + " beside it",
                "one of them: it tells whether the IOMMU is an SMMUv3 or a VT-d unit");
    }

    /** Linux prefers the first stage of an SMMUv3 and the second of a VT-d unit; commands of the other one tell that it is used. */
    private static StageLayout stages(Survey survey, boolean smmu) {
        boolean second = smmu ? survey.has("TLBI_S2_IPA") || survey.has("TLBI_S12_VMALL") : !survey.has("p-iotlb");
        return second ? StageLayout.STAGE_2 : StageLayout.STAGE_1;
    }

    /** A recorded 32-bit register, or what QEMU has there. */
    static long word(@Nullable RegisterValues registers, long offset, long otherwise) {
        OptionalLong value = registers == null ? OptionalLong.empty() : registers.get32(offset);
        return value.orElse(otherwise);
    }

    /** A recorded 64-bit register, or what QEMU has there. */
    static long doubleWord(@Nullable RegisterValues registers, long offset, long otherwise) {
        OptionalLong value = registers == null ? OptionalLong.empty() : registers.get64(offset);
        return value.orElse(otherwise);
    }

    /** What it is, for people. */
    String name();

    /** The stage that translates. */
    StageLayout stages();

    /** What kind of domain devices are attached to. */
    default Domain.Kind domainKind() {
        return stages() == StageLayout.STAGE_1 ? Domain.Kind.FIRST_STAGE : Domain.Kind.SECOND_STAGE;
    }

    /** log2 of the size of the kernel's pages. */
    int pageShift();

    /**
     * Attaches a device to the domain of its group, as the kernel does with the DMA API's.
     *
     * @param first whether it is the first of the group
     */
    void attach(int stream, Domain domain, boolean first);

    /** Where devices' accesses go. */
    Iommu iommu();

    /** Its driver. */
    IommuDriver driver();

    /** The architecture's number for a level of tables. */
    int level(int height);

    /** Its pipeline. */
    TranslationUnit unit();

    @Override
    void close();
}
