// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.PageRequestParameters;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.fault.FaultRuleReader;
import org.iommuemu.inject.FunctionRule;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/** Reads steps with devices at the end of links. */
final class TimedStepReader {
    private static final long MOST_NANOSECONDS = 1_000_000_000_000L;
    private static final String PENDING = "pending";
    /** How long a message may take unless a step says otherwise: longer than anything but time-outs. */
    private static final long USUAL_NANOSECONDS = 100_000;

    private final JsonObject json;

    private TimedStepReader(JsonObject json) {
        this.json = json;
    }

    /**
     * Reads a step, or returns null if it is none of these.
     *
     * @throws InputException naming file, line and field
     */
    static @Nullable Step parse(String op, JsonObject json) {
        TimedStepReader r = new TimedStepReader(json);
        return switch (op) {
            case "device" -> r.device();
            case "device_control" -> new TimedStep.DeviceControl(r.requester(), FunctionSwitches.parse(json, null));
            case "device_dma" -> r.dma();
            case "device_dma_end" ->
                new TimedStep.DeviceDmaEnd(json.text("id"), r.ending(), json.has("data") ? json.bytes("data") : null);
            case "stop_pasid" ->
                new TimedStep.StopPasid(r.requester(), DeviceStep.substream(json), DeviceStep.flag(json, "marker"));
            case "expect_stopped" ->
                new TimedStep.ExpectStopped(r.requester(), DeviceStep.substream(json), json.flag("stopped"));
            case "expect_message" -> r.message();
            case "inject" -> new TimedStep.Inject(FaultRuleReader.parse(json));
            case "advance" -> new TimedStep.Advance(r.time("time", 0));
            case "remove" -> new TimedStep.FunctionEvent(r.requester(), FunctionRule.Event.REMOVED);
            case "flr" -> new TimedStep.FunctionEvent(r.requester(), FunctionRule.Event.RESET);
            case "expect_injected" ->
                new TimedStep.ExpectInjected(json.text("rule"), (int) json.number("count", 0, Integer.MAX_VALUE));
            case "expect_counter" ->
                new TimedStep.ExpectCounter(
                        r.requester(),
                        DeviceStep.one(json, "counter", AtsStatistics.Counter.values(), "hits"),
                        json.number("value"));
            default -> null;
        };
    }

    private int requester() {
        return (int) json.number("requester", 0, 0xFFFF);
    }

    private long time(String field, long usual) {
        return Picoseconds.ofNanoseconds(json.has(field) ? json.number(field, 0, MOST_NANOSECONDS) : usual);
    }

    private int number(String field, int least, int most, int usual) {
        return json.has(field) ? (int) json.number(field, least, most) : usual;
    }

    private boolean flag(String field, boolean usual) {
        return json.has(field) ? json.flag(field) : usual;
    }

    private Step device() {
        AtcParameters p = AtcParameters.standard();
        try {
            p = p.withCache(
                            CacheGeometry.of(
                                    number("atc_sets", 1, 1 << 20, p.geometry().sets()),
                                    number("atc_ways", 1, 1 << 20, p.geometry().ways()),
                                    ReplacementPolicy.LRU),
                            p.latency())
                    .withRequests(
                            number("translations", 1, 16, p.translations()),
                            number("translation_requests", 1, 1 << 16, p.outstanding()),
                            flag("asks_to_write", p.asksToWrite()))
                    .withInvalidations(
                            flag("reaches_pasids", p.reachesPasids()),
                            number("completion_messages", 1, 8, p.completionMessages()),
                            time("gathering", 0))
                    .withPages(new PageRequestParameters(
                            number("group_pages", 1, 512, p.pages().groupPages()),
                            number("retries", 1, 1 << 16, p.pages().retries()),
                            time("retry_delay", 0),
                            json.has("response_timeout")
                                    ? Picoseconds.ofNanoseconds(json.number("response_timeout", 1, MOST_NANOSECONDS))
                                    : p.pages().responseTimeout()));
        } catch (IllegalArgumentException e) {
            throw json.wrong("requester", "a possible device (" + e.getMessage() + ")");
        }
        boolean global = DeviceStep.flag(json, "global_invalidate");
        boolean responsePasid = DeviceStep.flag(json, "response_pasid_required");
        return new TimedStep.Device(
                requester(),
                FunctionSwitches.parse(json, true),
                d -> new FunctionDescription(
                        d.vectors(),
                        d.vectorBar(),
                        d.ats(),
                        d.invalidateQueueDepth(),
                        global,
                        d.pageRequests(),
                        responsePasid,
                        d.pasidBits(),
                        d.execute(),
                        d.privileged(),
                        d.tags(),
                        d.timeout()),
                p);
    }

    private TimedStep.Ending ending() {
        int moved = number("moved", 0, 1 << 20, -1);
        if (json.text("expect").equals(PENDING)) {
            return new TimedStep.Ending(null, moved);
        }
        return new TimedStep.Ending(DeviceStep.one(json, "expect", DmaChannel.Status.values(), PENDING), moved);
    }

    private Step dma() {
        int length = (int) json.number("length", 1, 1 << 20);
        Tlp.AtomicOp atomic = json.has("atomic") ? DeviceStep.one(json, "atomic", Tlp.AtomicOp.values(), "swap") : null;
        boolean write = atomic == null && json.flag("write");
        byte[] data = json.has("data") ? json.bytes("data") : null;
        int operands = atomic == Tlp.AtomicOp.COMPARE_AND_SWAP ? 2 * length : length;
        if (atomic != null && length != Integer.BYTES && length != Long.BYTES) {
            throw json.wrong("length", "4 or 8 for an atomic");
        }
        if (atomic != null && (json.number("iova") & length - 1) != 0) {
            throw json.wrong("iova", "a multiple of length for an atomic");
        }
        if (data == null && (write || atomic != null)) {
            throw json.wrong("data", "the bytes to write");
        }
        if (data != null && data.length != operands) {
            throw json.wrong("data", operands + " bytes, as length says");
        }
        byte[] old = atomic != null && json.has("old") ? json.bytes("old") : null;
        int access = (write ? Access.WRITE : atomic != null ? Access.WRITE | Access.ATOMIC : Access.READ)
                | (DeviceStep.flag(json, "execute") ? Access.INSTRUCTION : 0)
                | (DeviceStep.flag(json, "privileged") ? Access.PRIVILEGED : 0);
        boolean waits = !json.has("id");
        return new TimedStep.DeviceDma(
                requester(),
                DeviceStep.substream(json),
                json.number("iova"),
                length,
                access,
                atomic,
                data,
                old,
                waits || json.has("expect") ? ending() : new TimedStep.Ending(null, -1),
                waits ? null : json.text("id"));
    }

    private Step message() {
        TlpKind kind = DeviceStep.one(json, "kind", TlpKind.values(), "page_request");
        long within = time("within", USUAL_NANOSECONDS);
        if (json.has("none")) {
            return new TimedStep.ExpectMessage(requester(), kind, null, json.has("within") ? within : 0);
        }
        Set<String> known = MessageFields.names(kind);
        Map<String, String> fields = new LinkedHashMap<>();
        for (String name : json.names()) {
            if (List.of("op", "requester", "kind", "within").contains(name)) {
                continue;
            }
            if (!known.contains(name)) {
                throw json.wrong(
                        name,
                        "one of " + String.join(", ", known) + " of a "
                                + kind.name().toLowerCase(Locale.ROOT));
            }
            fields.put(name, MessageFields.expected(json, name));
        }
        return new TimedStep.ExpectMessage(requester(), kind, fields, within);
    }
}
