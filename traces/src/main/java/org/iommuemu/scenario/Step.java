// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.iommu.Access;
import org.jspecify.annotations.Nullable;

/** One step of a scenario. */
sealed interface Step
        permits Step.MemoryWrite,
                Step.RegisterWrite,
                Step.RegisterRead,
                Step.Dma,
                Step.MemoryExpect,
                DeviceStep,
                TimedStep {
    /** Loads physical memory, whatever answers there. */
    record MemoryWrite(long address, byte[] data) implements Step {}

    /** A register write; to the performance monitor counter group, if {@code monitor}. */
    record RegisterWrite(boolean monitor, long offset, int size, long value) implements Step {}

    /** A register read; bits of {@code mask} are compared. */
    record RegisterRead(boolean monitor, long offset, int size, long expected, long mask) implements Step {}

    /**
     * One DMA; {@code data} is written, or is what a read must return, or is null where nothing is to be compared. With an id, a
     * later step can ask what became of it.
     */
    record Dma(
            int requester,
            int substream,
            long iova,
            int length,
            int access,
            boolean translated,
            byte @Nullable [] data,
            DmaStatus expected,
            @Nullable String id)
            implements Step {
        boolean write() {
            return Access.isWrite(access);
        }
    }

    /** Memory must hold {@code data} where {@code mask} has ones. */
    record MemoryExpect(long address, byte[] data, byte[] mask) implements Step {}

    /** The names of all steps. */
    List<String> NAMES = List.of("mem_write", "mmio_write", "mmio_read", "dma", "mem_expect");

    private static int registerSize(JsonObject json) {
        int size = (int) json.number("size", 1, 8);
        if (size != 1 && size != 2 && size != 4 && size != 8) {
            throw json.wrong("size", "1, 2, 4 or 8");
        }
        return size;
    }

    /**
     * Reads a step.
     *
     * @throws InputException naming file, line and field
     */
    static Step parse(JsonObject json) {
        String op = json.text("op");
        return switch (op) {
            case "mem_write" -> new MemoryWrite(address(json), json.bytes("data"));
            case "mmio_write" ->
                new RegisterWrite(isMonitor(json), offset(json), registerSize(json), json.number("value"));
            case "mmio_read" ->
                new RegisterRead(
                        isMonitor(json),
                        offset(json),
                        registerSize(json),
                        json.number("expect"),
                        json.has("mask") ? json.number("mask") : -1L);
            case "dma" -> dma(json);
            case "mem_expect" -> memoryExpect(json);
            default -> {
                Step step = DeviceStep.parse(op, json);
                step = step == null ? TimedStepReader.parse(op, json) : step;
                if (step == null) {
                    List<String> names = new ArrayList<>(NAMES);
                    names.addAll(DeviceStep.NAMES);
                    names.addAll(TimedStep.NAMES);
                    throw json.wrong("op", "one of " + String.join(", ", names));
                }
                yield step;
            }
        };
    }

    private static long address(JsonObject json) {
        return json.number("addr", 0, (1L << 52) - 1);
    }

    private static boolean isMonitor(JsonObject json) {
        String frame = json.has("frame") ? json.text("frame") : "smmu";
        if (!frame.equals("smmu") && !frame.equals("pmcg")) {
            throw json.wrong("frame", "\"smmu\" or \"pmcg\"");
        }
        return frame.equals("pmcg");
    }

    private static long offset(JsonObject json) {
        return json.number("offset", 0, (1L << 32) - 1);
    }

    private static Step memoryExpect(JsonObject json) {
        byte[] data = json.bytes("data");
        byte[] mask = new byte[data.length];
        Arrays.fill(mask, (byte) 0xFF);
        if (json.has("arch_mask")) {
            mask = json.bytes("arch_mask");
            if (mask.length != data.length) {
                throw json.wrong("arch_mask", "as many bytes as data");
            }
        }
        return new MemoryExpect(address(json), data, mask);
    }

    private static Step dma(JsonObject json) {
        DmaStatus expected = DmaStatus.parse(json);
        int length = (int) json.number("length", 1, 1 << 20);
        boolean write = json.flag("write");
        byte[] data = json.has("data") ? json.bytes("data") : null;
        if (data != null && data.length != length) {
            throw json.wrong("data", "as many bytes as length says");
        }
        if (data == null && write) {
            throw json.wrong("data", "the bytes to write");
        }
        int access = (write ? Access.WRITE : Access.READ)
                | (DeviceStep.flag(json, "execute") ? Access.INSTRUCTION : 0)
                | (DeviceStep.flag(json, "privileged") ? Access.PRIVILEGED : 0);
        return new Dma(
                DeviceStep.requester(json),
                DeviceStep.substream(json),
                json.number("iova"),
                length,
                access,
                DeviceStep.flag(json, "translated"),
                data,
                expected,
                json.has("id") ? json.text("id") : null);
    }
}
