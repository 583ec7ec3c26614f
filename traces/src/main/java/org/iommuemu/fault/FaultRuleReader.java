// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.fault;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.inject.FaultRule;
import org.iommuemu.inject.FlipRule;
import org.iommuemu.inject.FunctionRule;
import org.iommuemu.inject.InterruptRule;
import org.iommuemu.inject.MemoryRule;
import org.iommuemu.inject.Occasion;
import org.iommuemu.inject.QueueFullRule;
import org.iommuemu.inject.RogueRule;
import org.iommuemu.inject.TlpAction;
import org.iommuemu.inject.TlpField;
import org.iommuemu.inject.TlpMatch;
import org.iommuemu.inject.TlpRule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.Picoseconds;

/** Reads one rule: {@code fault} says which kind, times are in ns. */
public final class FaultRuleReader {
    private static final long MOST_NANOSECONDS = 1_000_000_000_000L;
    private static final long MOST_ADDRESS = (1L << PhysicalMemory.ADDRESS_BITS) - 1;
    private static final List<String> OCCASION = List.of("nth", "every", "probability", "most", "from", "until");
    private static final List<String> MATCH = List.of("tlp", "direction", "requester", "pasid");

    private final JsonObject json;

    private FaultRuleReader(JsonObject json) {
        this.json = json;
    }

    /** Reads a rule; a step's {@code op} may stand beside it. */
    public static FaultRule parse(JsonObject json) {
        try {
            return new FaultRuleReader(json).rule();
        } catch (IllegalArgumentException e) {
            throw json.wrong("rule", "a possible rule (" + e.getMessage() + ")");
        }
    }

    private FaultRule rule() {
        String name = json.text("rule");
        String fault = json.text("fault");
        return switch (fault) {
            case "drop" -> tlp(name, new TlpAction.Drop());
            case "delay" -> tlp(name, new TlpAction.Delay(time("time")), "time");
            case "duplicate" -> tlp(name, new TlpAction.Duplicate(time("time")), "time");
            case "reorder" ->
                tlp(
                        name,
                        new TlpAction.Reorder((int) json.number("later", 1, 1 << 20), time("patience")),
                        "later",
                        "patience");
            case "corrupt" -> tlp(name, corruption(), "field", "word", "bits", "random_bits");
            case "no_answer" -> memory(name, RangeState.ABSENT);
            case "poison" -> memory(name, RangeState.POISONED);
            case "flip" -> flip(name);
            case "queue_full" -> {
                only("queue", "from", "until");
                yield new QueueFullRule(
                        name,
                        constant("queue", json.text("queue"), QueueFullRule.Queue.values()),
                        time("from"),
                        time("until"));
            }
            case "lose_interrupt" -> {
                only(OCCASION, "line");
                yield new InterruptRule(name, json.text("line"), occasion());
            }
            case "remove" -> function(name, FunctionRule.Event.REMOVED);
            case "flr" -> function(name, FunctionRule.Event.RESET);
            case "rogue" -> {
                only("requester", "addr", "length", "write", "at");
                yield new RogueRule(
                        name,
                        requester(),
                        json.number("addr"),
                        (int) json.number("length", 1, PhysicalMemory.PAGE_BYTES),
                        json.has("write") && json.flag("write"),
                        time("at"));
            }
            default ->
                throw json.wrong(
                        "fault",
                        "one of drop, delay, duplicate, reorder, corrupt, no_answer, poison, flip, queue_full, "
                                + "lose_interrupt, remove, flr, rogue");
        };
    }

    private FaultRule tlp(String name, TlpAction action, String... fields) {
        List<String> common = new ArrayList<>(OCCASION);
        common.addAll(MATCH);
        only(common, fields);
        return new TlpRule(name, match(), occasion(), action);
    }

    private TlpMatch match() {
        Set<TlpKind> kinds = EnumSet.noneOf(TlpKind.class);
        if (json.has("tlp")) {
            for (String kind : json.texts("tlp")) {
                kinds.add(constant("tlp", kind, TlpKind.values()));
            }
        }
        TlpMatch.Direction direction = json.has("direction")
                ? constant("direction", json.text("direction"), TlpMatch.Direction.values())
                : TlpMatch.Direction.ANY;
        Integer pasid = null;
        if (json.has("pasid")) {
            boolean none = json.isText("pasid") && json.text("pasid").equals("none");
            pasid = none ? Transaction.NO_SUBSTREAM : (int) json.number("pasid", 0, (1 << 20) - 1);
        }
        return new TlpMatch(kinds, direction, json.has("requester") ? requester() : null, pasid);
    }

    private int requester() {
        return (int) json.number("requester", 0, 0xFFFF);
    }

    private Occasion occasion() {
        Occasion o = json.has("nth") ? Occasion.nth(json.number("nth", 1, Long.MAX_VALUE)) : Occasion.always();
        if (json.has("every")) {
            long every = json.number("every", 1, Long.MAX_VALUE);
            o = new Occasion(
                    json.has("nth") ? o.first() : every, every, o.probability(), o.most(), o.from(), o.until());
        }
        if (json.has("probability")) {
            o = new Occasion(o.first(), o.every(), json.fraction("probability"), o.most(), o.from(), o.until());
        }
        if (json.has("most")) {
            o = o.atMost(json.number("most", 1, Long.MAX_VALUE));
        }
        long from = json.has("from") ? time("from") : o.from();
        return o.within(from, json.has("until") ? time("until") : o.until());
    }

    private TlpAction corruption() {
        return new TlpAction.Corrupt(
                constant("field", json.text("field"), TlpField.values()),
                json.has("word") ? (int) json.number("word", 0, 511) : 0,
                json.has("bits") ? json.number("bits") : 0,
                random());
    }

    private int random() {
        return json.has("random_bits") ? (int) json.number("random_bits", 1, Long.SIZE) : 0;
    }

    private FaultRule memory(String name, RangeState answer) {
        only(OCCASION, "addr", "length");
        if (!json.has("addr")) {
            return MemoryRule.everywhere(name, occasion(), answer);
        }
        long address = json.number("addr", 0, MOST_ADDRESS);
        return new MemoryRule(name, address, json.number("length", 1, MOST_ADDRESS), occasion(), answer);
    }

    private FaultRule flip(String name) {
        only("addr", "bits", "random_bits", "at", "write_nth", "access_nth");
        FlipRule.Trigger trigger = FlipRule.Trigger.TIME;
        String when = "at";
        if (json.has("write_nth")) {
            trigger = FlipRule.Trigger.WRITE;
            when = "write_nth";
        } else if (json.has("access_nth")) {
            trigger = FlipRule.Trigger.ACCESS;
            when = "access_nth";
        }
        return new FlipRule(
                name,
                json.number("addr", 0, MOST_ADDRESS),
                json.has("bits") ? json.number("bits") : 0,
                random(),
                trigger,
                trigger == FlipRule.Trigger.TIME ? time(when) : json.number(when, 1, Long.MAX_VALUE));
    }

    private FaultRule function(String name, FunctionRule.Event event) {
        only("requester", "at");
        return new FunctionRule(name, requester(), event, time("at"));
    }

    private long time(String field) {
        return Picoseconds.ofNanoseconds(json.number(field, 0, MOST_NANOSECONDS));
    }

    private void only(String... fields) {
        only(List.of(), fields);
    }

    /** A field that the kind of fault does not know is an error. */
    private void only(List<String> common, String... fields) {
        List<String> known = new ArrayList<>(List.of(fields));
        known.addAll(common);
        for (String name : json.names()) {
            if (!known.contains(name) && !List.of("op", "rule", "fault").contains(name)) {
                throw json.wrong(name, "one of rule, fault, " + String.join(", ", known));
            }
        }
    }

    private <E extends Enum<E>> E constant(String field, String text, E[] constants) throws InputException {
        List<String> names = new ArrayList<>();
        for (E constant : constants) {
            String name = constant.name().toLowerCase(Locale.ROOT);
            if (name.equals(text)) {
                return constant;
            }
            names.add(name);
        }
        throw json.wrong(field, "one of " + String.join(", ", names));
    }
}
