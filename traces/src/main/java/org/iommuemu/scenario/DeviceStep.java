// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.StaleCause;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.jspecify.annotations.Nullable;

/** A step of a device that can wait, or knows ATS and PRI. */
sealed interface DeviceStep extends Step {
    /** A DMA that has stalled must have ended so; {@code data} is what a read must have returned. */
    record DmaEnd(String id, DmaStatus expected, byte @Nullable [] data) implements DeviceStep {}

    /** An ATS Translation Request; negative numbers and null are not compared. */
    record TranslationRequest(
            int requester,
            int substream,
            long iova,
            int access,
            TranslationCompletion.Status expected,
            long address,
            int size,
            @Nullable String permissions,
            int count)
            implements DeviceStep {
        /** What its Translation Completion must have, as text. */
        Map<String, String> fields() {
            Map<String, String> fields = new LinkedHashMap<>();
            fields.put("status", expected.name().toLowerCase(Locale.ROOT));
            if (address >= 0) {
                fields.put("address", "0x" + Long.toHexString(address));
            }
            if (size >= 0) {
                fields.put("size", "0x" + Integer.toHexString(size));
            }
            if (permissions != null) {
                fields.put("permissions", permissions);
            }
            return fields;
        }
    }

    /** A Page Request message. */
    record PageRequestMessage(PageRequest message) implements DeviceStep {}

    /** The oldest PRG Response that has not been looked at must be this one; null for none. */
    record ExpectResponse(@Nullable PageResponse expected) implements DeviceStep {}

    /** How devices answer Invalidate Requests from now on. */
    record AnswerInvalidations(DevicePort.Invalidation how) implements DeviceStep {}

    /** The oldest Invalidate Request that has not been looked at must be this one; a negative size for none. */
    record ExpectInvalidation(int requester, int substream, boolean global, long iova, int log2Bytes)
            implements DeviceStep {}

    /** The oldest Invalidate Request that is pending ends. */
    record EndInvalidation(boolean answered) implements DeviceStep {}

    /** Pulses of a wired interrupt since this was last asked. */
    record ExpectInterrupts(String line, int count) implements DeviceStep {}

    /**
     * The oldest stale page that has not been looked at must be this one; a null cause for none. Negative ages are not compared.
     * Looked at only while stale translations are detected.
     */
    record ExpectStale(int requester, long iova, @Nullable StaleCause cause, long commands, long dmas)
            implements DeviceStep {}

    /** The names of these steps. */
    List<String> NAMES = List.of(
            "dma_end",
            "ats_request",
            "page_request",
            "expect_response",
            "answer_invalidations",
            "expect_invalidation",
            "end_invalidation",
            "expect_interrupts",
            "expect_stale");

    /** Reads a step, or returns null if it is none of these. */
    static @Nullable Step parse(String op, JsonObject json) {
        return switch (op) {
            case "dma_end" ->
                new DmaEnd(json.text("id"), DmaStatus.parse(json), json.has("data") ? json.bytes("data") : null);
            case "ats_request" -> translationRequest(json);
            case "page_request" ->
                new PageRequestMessage(new PageRequest(
                        requester(json),
                        substream(json),
                        json.number("iova") & -0x1000L,
                        flag(json, "read"),
                        flag(json, "write"),
                        flag(json, "execute"),
                        flag(json, "privileged"),
                        flag(json, "last"),
                        group(json)));
            case "expect_response" -> response(json);
            case "answer_invalidations" ->
                new AnswerInvalidations(one(json, "how", DevicePort.Invalidation.values(), "timed_out"));
            case "expect_invalidation" -> invalidation(json);
            case "end_invalidation" -> new EndInvalidation(!json.has("answered") || json.flag("answered"));
            case "expect_interrupts" ->
                new ExpectInterrupts(json.text("line"), (int) json.number("count", 0, Integer.MAX_VALUE));
            case "expect_stale" -> stale(json);
            default -> null;
        };
    }

    private static Step translationRequest(JsonObject json) {
        int access = (flag(json, "no_write") ? Access.READ : Access.WRITE)
                | (flag(json, "execute") ? Access.INSTRUCTION : 0)
                | (flag(json, "privileged") ? Access.PRIVILEGED : 0);
        return new TranslationRequest(
                requester(json),
                substream(json),
                json.number("iova"),
                access,
                one(json, "expect", TranslationCompletion.Status.values(), "ca"),
                json.has("address") ? json.number("address", 0, (1L << 52) - 1) : -1,
                json.has("size") ? (int) json.number("size", 12, 52) : -1,
                json.has("permissions") ? json.text("permissions") : null,
                json.has("count") ? (int) json.number("count", 1, 16) : 1);
    }

    private static Step response(JsonObject json) {
        if (json.has("none")) {
            return new ExpectResponse(null);
        }
        return new ExpectResponse(new PageResponse(
                requester(json),
                substream(json),
                group(json),
                one(json, "code", PageResponse.Code.values(), "failure")));
    }

    private static Step invalidation(JsonObject json) {
        return json.has("none")
                ? new ExpectInvalidation(0, 0, false, 0, -1)
                : new ExpectInvalidation(
                        requester(json), substream(json), flag(json, "global"), json.number("iova"), (int)
                                json.number("size", 12, 64));
    }

    private static Step stale(JsonObject json) {
        return json.has("none")
                ? new ExpectStale(0, 0, null, -1, -1)
                : new ExpectStale(
                        requester(json),
                        json.number("iova"),
                        one(json, "cause", StaleCause.values(), "missing"),
                        json.has("commands") ? json.number("commands", 0, Integer.MAX_VALUE) : -1,
                        json.has("dmas") ? json.number("dmas", 0, Integer.MAX_VALUE) : -1);
    }

    /** The constant that a field names in lower case. */
    static <E extends Enum<E>> E one(JsonObject json, String field, E[] constants, String example) {
        String name = json.text(field);
        for (E constant : constants) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(name)) {
                return constant;
            }
        }
        StringBuilder names = new StringBuilder();
        for (E constant : constants) {
            names.append(names.isEmpty() ? "one of " : ", ")
                    .append(constant.name().toLowerCase(Locale.ROOT));
        }
        throw json.wrong(field, names + " (such as \"" + example + "\")");
    }

    /** Whether a field is a certain string. */
    static boolean isText(JsonObject json, String name, String text) {
        return json.isText(name) && json.text(name).equals(text);
    }

    /** A StreamID. */
    static int requester(JsonObject json) {
        return (int) json.number("requester", 0, 0xFFFF_FFFFL);
    }

    /** A PASID, or none. */
    static int substream(JsonObject json) {
        return json.has("pasid") ? (int) json.number("pasid", 0, (1 << 20) - 1) : Transaction.NO_SUBSTREAM;
    }

    /** A flag that is off unless it is there. */
    static boolean flag(JsonObject json, String name) throws InputException {
        return json.has(name) && json.flag(name);
    }

    private static int group(JsonObject json) {
        return (int) json.number("group", 0, 0x1FF);
    }
}
