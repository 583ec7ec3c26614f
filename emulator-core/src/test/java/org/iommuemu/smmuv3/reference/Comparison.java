// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.reference.Draw;
import org.iommuemu.reference.ReferenceMemory;
import org.iommuemu.smmuv3.reference.ReferenceAnswer.Status;

/** Runs random transactions on a {@link Scene}, and on the reference, and finds where they differ. */
final class Comparison implements DevicePort, AutoCloseable {
    /** The device's way to ask. */
    private enum Kind {
        UNTRANSLATED,
        REQUEST,
        TRANSLATED
    }

    private final Scene scene;
    private final Draw draw;
    private final ReferenceMemory memory;
    private final ReferenceSmmu reference;
    private final ReferenceAts ats;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final TranslationCompletion completion = new TranslationCompletion();
    private final Map<Long, Long> written = new LinkedHashMap<>();
    private final Verdict resumed = new Verdict();
    private int resumptions;
    private final Map<String, Integer> outcomes;
    private long compared;

    /**
     * Compares on a new scene.
     *
     * @param outcomes takes how often each way to end was met
     */
    Comparison(long seed, CacheConfiguration caches, boolean cached, Map<String, Integer> outcomes) {
        this.outcomes = outcomes;
        scene = new Scene(seed, caches, cached);
        draw = scene.draw;
        memory = new ReferenceMemory(scene.memory);
        reference = new ReferenceSmmu(scene.machine, memory, this::canStall);
        ats = new ReferenceAts(reference);
        scene.smmu.connect(this);
        scene.memory.watchWrites((address, bytes) -> {
            if (address >= Scene.STRUCTURES) {
                written.put(address & ~7L, scene.memory.readLong(address & ~7L));
            }
        });
    }

    /** How many transactions were compared. */
    long compared() {
        return compared;
    }

    /**
     * Compares some transactions, with changes by software between.
     *
     * @return what differs, or null
     */
    String run(int rounds, int transactions) {
        for (int round = 0; round < rounds; round++) {
            if (round > 0) {
                scene.change();
                scene.invalidate();
            }
            for (int i = 0; i < transactions; i++) {
                if (!scene.cached && i > 0) {
                    scene.invalidate();
                }
                String difference = step();
                compared++;
                if (difference != null) {
                    return "round " + round + ", transaction " + i + ": " + difference;
                }
            }
        }
        return null;
    }

    private String step() {
        Kind kind = draw.once(4) ? draw.once(2) ? Kind.REQUEST : Kind.TRANSLATED : Kind.UNTRANSLATED;
        fill(kind);
        memory.clear();
        ReferenceAnswer expected = switch (kind) {
            case UNTRANSLATED -> reference.translate(transaction);
            case REQUEST -> ats.request(transaction);
            case TRANSLATED -> ats.forward(transaction);
        };
        written.clear();
        ReferenceAnswer actual = switch (kind) {
            case UNTRANSLATED -> {
                scene.smmu.translate(transaction, verdict);
                yield answer(verdict);
            }
            case REQUEST -> {
                scene.smmu.requestTranslation(transaction, completion);
                yield answer(completion);
            }
            case TRANSLATED -> {
                scene.smmu.forwardTranslated(transaction, verdict);
                yield answer(verdict);
            }
        };
        List<String> wrong = new ArrayList<>();
        List<long[]> events = scene.events();
        compareAnswers(expected, actual, wrong);
        compareEvents(kind, expected.event(), events, wrong);
        compareMemory(wrong);
        outcomes.merge(kind + " " + expected.outcome(), 1, Integer::sum);
        if (wrong.isEmpty() && actual.status() == Status.STALL) {
            resume(wrong);
        }
        return wrong.isEmpty() ? null : describe(kind, wrong, expected, actual, events);
    }

    private void fill(Kind kind) {
        int id = draw.of(new ArrayList<>(scene.streams.keySet()));
        Stream s = scene.streams.get(id);
        Stream.Visit visit = draw.of(s.visits);
        int substream = visit.substream();
        long address = draw.of(visit.addresses());
        if (draw.once(12)) {
            substream = draw.of(Transaction.NO_SUBSTREAM, 0, draw.below(16), draw.below(1 << 20));
        }
        if (draw.once(25)) {
            id = draw.of(id ^ 1 << draw.below(32), draw.below(256), id + 1);
        }
        address = switch (draw.below(8)) {
            case 0 -> address ^ draw.bits(8) << 56;
            case 1 -> address ^ 1L << draw.below(64);
            case 2 -> address + 0x1000;
            default -> address;
        };
        if (kind == Kind.TRANSLATED && draw.once(2)) {
            address = draw.of(s.visits.get(0).addresses());
        }
        address = address & -0x1000 | draw.bits(12);
        int code = kind == Kind.REQUEST ? (int) draw.bits(3) : draw.of(0, 0, 1, 1, 2, 4, 5, 6, 9, 13, draw.below(16));
        transaction.set(id, substream, address, code);
    }

    private static ReferenceAnswer answer(Verdict v) {
        return switch (v.status()) {
            case OK -> ReferenceAnswer.ok(v.address(), v.pageShift());
            case ABORT -> ReferenceAnswer.end(Status.ABORT, null);
            case READ_ZERO_WRITE_IGNORED -> ReferenceAnswer.end(Status.RAZ_WI, null);
            case STALLED -> ReferenceAnswer.end(Status.STALL, null);
        };
    }

    private static ReferenceAnswer answer(TranslationCompletion c) {
        int rights = (c.isReadable() ? 1 : 0) | (c.isWritable() ? 2 : 0) | (c.isExecutable() ? 4 : 0);
        return switch (c.status()) {
            case SUCCESS -> new ReferenceAnswer(Status.SUCCESS, c.address(), c.pageShift(), rights, 0, null);
            case UR -> ReferenceAnswer.end(Status.UR, null);
            case CA -> ReferenceAnswer.end(Status.CA, null);
        };
    }

    private void compareAnswers(ReferenceAnswer expected, ReferenceAnswer actual, List<String> wrong) {
        if (expected.status() != actual.status()) {
            wrong.add("status");
            return;
        }
        if (expected.status() == Status.SUCCESS) {
            if (((expected.granted() ^ actual.granted()) & ~expected.open()) != 0) {
                wrong.add("rights");
            }
            boolean privileged = transaction.hasSubstream() && (transaction.access() & 4) != 0;
            if (completion.isPrivileged() != privileged) {
                wrong.add("Priv");
            }
            if (expected.granted() == 0 && expected.open() != 0) {
                // Whether there is an answer at all is open, then.
                return;
            }
            // The identity, of any size.
            if (expected.shift() == 64 || expected.shift() == 0) {
                if ((expected.address() ^ actual.address()) >>> actual.shift() != 0) {
                    wrong.add("address");
                }
                return;
            }
        }
        if (expected.address() != actual.address()) {
            wrong.add("address");
        }
        if (expected.shift() != 0 && expected.shift() != actual.shift()) {
            wrong.add("size");
        }
    }

    private static void compareEvents(Kind kind, long[] expected, List<long[]> actual, List<String> wrong) {
        if (actual.size() != (expected == null ? 0 : 1)) {
            wrong.add("number of events");
            return;
        }
        if (expected == null) {
            return;
        }
        long[] found = actual.get(0);
        for (int i = 0; i < expected.length; i++) {
            if (((expected[i] ^ found[i]) & known(kind, expected, i)) != 0) {
                wrong.add("event word " + i);
            }
        }
    }

    /** Bits of a word of a record that are not UNKNOWN (fact sheet 6.1, 6.2). */
    private static long known(Kind kind, long[] record, int word) {
        int type = (int) record[0] & 0xFF;
        if (word == 1 && type == ReferenceFault.PERMISSION && (record[1] >>> 40 & 3) != ReferenceFault.TT) {
            return ~(1L << 44);
        }
        // RnW of a Translation Request, and with it InD, which is 0 for a write.
        return word == 1 && kind == Kind.REQUEST && type != ReferenceFault.BAD_ATS_TREQ ? ~(3L << 34) : -1;
    }

    private void compareMemory(List<String> wrong) {
        memory.written().forEach((address, value) -> written.putIfAbsent(address, scene.memory.readLong(address)));
        written.forEach((address, value) -> {
            Long old = memory.seen().get(address);
            Long wanted = memory.written().getOrDefault(address, old);
            if (wanted == null || ((wanted ^ value) & ~memory.open().getOrDefault(address, 0L)) != 0) {
                wrong.add(String.format("memory at %x is %x, expected %x, was %x", address, value, wanted, old));
            }
        });
    }

    /** Lets software answer a stall. */
    private void resume(List<String> wrong) {
        int action = draw.below(2);
        resumptions = 0;
        scene.command(0x44 | (long) action << 13 | (long) transaction.streamId() << 32, 0);
        boolean abort = action == 1 || scene.machine.abortOnly();
        Verdict.Status status = abort ? Verdict.Status.ABORT : Verdict.Status.READ_ZERO_WRITE_IGNORED;
        if (resumptions != 1 || resumed.status() != status) {
            wrong.add("end of a stall");
        }
    }

    private String describe(
            Kind kind, List<String> wrong, ReferenceAnswer expected, ReferenceAnswer actual, List<long[]> events) {
        StringBuilder text = new StringBuilder(wrong.toString());
        text.append(String.format(
                "%n  %s stream %x, substream %x, address %x, access %x%n  expected %s%n  actual   %s",
                kind,
                transaction.streamId(),
                transaction.substreamId(),
                transaction.address(),
                transaction.access(),
                expected,
                actual));
        text.append(" by ").append(kind == Kind.REQUEST ? completion.rule() : verdict.rule());
        for (long[] e : events) {
            text.append(String.format(", event %016x %016x %016x %016x", e[0], e[1], e[2], e[3]));
        }
        if (scene.cached) {
            scene.invalidate();
            scene.smmu.translate(transaction, verdict);
            text.append(String.format("%n  without caches %s", answer(verdict)));
        }
        ReferenceRegisters r = scene.machine;
        text.append(String.format(
                "%n  IDR0 %x, IDR1 %x, IDR3 %x, IDR5 %x, CR0 %x, CR2 %x, STRTAB %x %x",
                r.idr0(), r.idr1(), r.idr3(), r.idr5(), r.cr0(), r.cr2(), r.base(), r.cfg()));
        memory.seen().forEach((at, value) -> text.append(String.format("%n    %x: %016x", at, value)));
        memory.written().forEach((at, value) -> text.append(String.format("%n    %x = %016x", at, value)));
        return text.toString();
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        return Invalidation.ENDED;
    }

    @Override
    public void respond(PageResponse response) {}

    @Override
    public boolean canStall(int streamId) {
        return (streamId & 3) != 0;
    }

    @Override
    public void resumed(long ticket, Transaction stalled, Verdict how) {
        resumptions++;
        resumed.copy(how);
    }

    @Override
    public void close() {
        scene.close();
    }
}
