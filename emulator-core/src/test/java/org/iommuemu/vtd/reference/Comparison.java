// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.reference.ReferenceMemory;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.reference.ReferenceAnswer.Status;

/** Runs random requests on a {@link Scene}, and on the reference, and finds where they differ. */
final class Comparison implements AutoCloseable {
    /** What a device sends. */
    private enum Kind {
        UNTRANSLATED,
        REQUEST,
        TRANSLATED,
        INTERRUPT
    }

    /** Reasons for which FI is undefined (fact sheet 2.7). */
    private static final Set<Integer> WITHOUT_ADDRESS = Set.of(0x20, 0x25, 0x29, 0x2A, 0x2B);
    /** PV, PRIV and EXE, which mean nothing without PP. */
    private static final long OF_PASID = 0xF_FFFFL << 40 | 3L << 29;

    private final Scene scene;
    private final VtdDraw draw;
    private final ReferenceMemory memory;
    private final ReferenceVtd reference;
    private final ReferenceAts ats;
    private final ReferenceInterrupts interrupts;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final TranslationCompletion completion = new TranslationCompletion();
    private final Map<Long, Long> written = new LinkedHashMap<>();
    private final Map<String, Integer> outcomes;
    private int data;

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
        reference = new ReferenceVtd(scene.machine, memory);
        ats = new ReferenceAts(reference);
        interrupts = new ReferenceInterrupts(scene.machine, memory);
        scene.memory.watchWrites((address, bytes) -> {
            if (address >= Scene.STRUCTURES) {
                written.put(address & ~7L, scene.memory.readLong(address & ~7L));
            }
        });
    }

    /**
     * Compares some requests, with changes by software between.
     *
     * @return what differs, or null
     */
    String run(int rounds, int requests) {
        for (int round = 0; round < rounds; round++) {
            if (round > 0) {
                scene.change();
                if (scene.cached && draw.once(2)) {
                    scene.invalidateDomains();
                } else {
                    scene.invalidate();
                }
            }
            for (int i = 0; i < requests; i++) {
                if (!scene.cached && i > 0) {
                    scene.invalidate();
                }
                String difference = step();
                if (difference != null) {
                    return "round " + round + ", request " + i + ": " + difference;
                }
            }
        }
        return null;
    }

    private String step() {
        Kind kind = draw.once(3)
                ? draw.of(List.of(Kind.REQUEST, Kind.REQUEST, Kind.TRANSLATED, Kind.INTERRUPT))
                : Kind.UNTRANSLATED;
        fill(kind);
        memory.clear();
        ReferenceAnswer expected = switch (kind) {
            case UNTRANSLATED -> reference.translate(transaction);
            case REQUEST -> ats.request(transaction);
            case TRANSLATED -> ats.forward(transaction);
            case INTERRUPT -> interrupts.remap(transaction.streamId(), transaction.address(), data);
        };
        written.clear();
        ReferenceAnswer actual = switch (kind) {
            case UNTRANSLATED -> {
                scene.unit.translate(transaction, verdict);
                yield answer(verdict);
            }
            case REQUEST -> {
                scene.unit.requestTranslation(transaction, completion);
                yield answer(completion);
            }
            case TRANSLATED -> {
                scene.unit.forwardTranslated(transaction, verdict);
                yield answer(verdict);
            }
            case INTERRUPT -> answer(scene.unit.remapInterrupt(transaction.streamId(), transaction.address(), data));
        };
        List<String> wrong = new ArrayList<>();
        List<long[]> records = scene.records();
        compareAnswers(expected, actual, wrong);
        compareRecords(expected, records, wrong);
        compareMemory(wrong);
        outcomes.merge(kind + " " + expected.outcome(), 1, Integer::sum);
        return wrong.isEmpty() ? null : describe(kind, wrong, expected, actual, records);
    }

    private void fill(Kind kind) {
        Source s = draw.of(new ArrayList<>(scene.sources.values()));
        int id = s.id;
        int pasid = Transaction.NO_SUBSTREAM;
        long address = draw.bits(draw.of(20, 32, 48, 64));
        if (!s.visits.isEmpty()) {
            Source.Visit visit = draw.of(s.visits);
            pasid = visit.pasid();
            address = draw.of(visit.addresses());
        }
        if (draw.once(12)) {
            pasid = draw.of(Transaction.NO_SUBSTREAM, 0, draw.below(16), draw.below(1 << 20));
        }
        if (draw.once(25)) {
            id = draw.of(id ^ 1 << draw.below(16), draw.below(0x1_0000));
        }
        address = switch (draw.below(10)) {
            case 0 -> address ^ 1L << draw.below(64);
            case 1 -> address + 0x1000;
            default -> address;
        };
        int code = draw.of(0, 0, 1, 1, 4, 5, 8, 12, draw.once(4) ? 2 : 0, draw.once(4) ? 6 : 0);
        if (kind == Kind.REQUEST) {
            code &= 7;
        }
        if (kind == Kind.INTERRUPT) {
            address = 0xFEE0_0000L | draw.bits(draw.of(9, 12, 20)) & ~3 | draw.mostly(10) << 4;
            address |= draw.once(20) ? draw.bits(2) : 0;
            data = (int) draw.bits(draw.of(2, 8, 32));
            pasid = Transaction.NO_SUBSTREAM;
            code = Access.WRITE;
        } else {
            address = address & -0x1000 | draw.bits(12);
        }
        transaction.set(id, pasid, address, code);
    }

    private static ReferenceAnswer answer(Verdict v) {
        return v.isOk()
                ? ReferenceAnswer.ok(v.address(), v.pageShift(), (v.attributes() & 1) != 0)
                : ReferenceAnswer.end(Status.ABORT, 0, null);
    }

    private static ReferenceAnswer answer(InterruptMessage m) {
        return m == null
                ? ReferenceAnswer.end(Status.ABORT, 0, null)
                : new ReferenceAnswer(Status.OK, m.address(), 0, m.data(), false, 0, null);
    }

    private static ReferenceAnswer answer(TranslationCompletion c) {
        return switch (c.status()) {
            case SUCCESS ->
                ReferenceAnswer.success(
                        c.address(),
                        c.pageShift(),
                        (c.isReadable() ? ReferenceAnswer.R : 0)
                                | (c.isWritable() ? ReferenceAnswer.W : 0)
                                | (c.isUntranslatedOnly() ? ReferenceAnswer.U : 0)
                                | (c.isExecutable() ? 8 : 0),
                        c.isSnooped());
            case UR -> ReferenceAnswer.end(Status.UR, 0, null);
            case CA -> ReferenceAnswer.end(Status.CA, 0, null);
        };
    }

    private void compareAnswers(ReferenceAnswer expected, ReferenceAnswer actual, List<String> wrong) {
        if (expected.status() != actual.status()) {
            wrong.add("status");
            return;
        }
        if (expected.granted() != actual.granted()) {
            wrong.add("rights or data");
        }
        if (expected.status() == Status.SUCCESS) {
            boolean privileged = transaction.hasSubstream() && Access.isPrivileged(transaction.access());
            if (completion.isPrivileged() != privileged) {
                wrong.add("Priv");
            }
            if (expected.granted() == 0 || (expected.granted() & ReferenceAnswer.U) != 0) {
                return;
            }
            if (expected.snoop() != actual.snoop()) {
                wrong.add("N");
            }
            // The identity, of any size.
            if (expected.shift() == 0) {
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
        if (expected.status() == Status.OK && expected.snoop() != actual.snoop()) {
            wrong.add("snoop");
        }
    }

    private static void compareRecords(ReferenceAnswer expected, List<long[]> actual, List<String> wrong) {
        if (actual.size() != (expected.record() == null ? 0 : 1)) {
            wrong.add("number of records");
            return;
        }
        if (expected.record() == null) {
            return;
        }
        long[] found = actual.get(0);
        if (!WITHOUT_ADDRESS.contains(expected.reason()) && expected.record()[0] != found[0]) {
            wrong.add("FI");
        }
        long known = (expected.record()[1] >>> 31 & 1) != 0 ? -1 : ~OF_PASID;
        if (((expected.record()[1] ^ found[1]) & known) != 0) {
            wrong.add("record");
        }
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

    private String describe(
            Kind kind, List<String> wrong, ReferenceAnswer expected, ReferenceAnswer actual, List<long[]> records) {
        StringBuilder text = new StringBuilder(wrong.toString());
        text.append(String.format(
                "%n  %s source %x, PASID %x, address %x, access %x, data %x%n  expected %s%n  actual   %s",
                kind,
                transaction.streamId(),
                transaction.substreamId(),
                transaction.address(),
                transaction.access(),
                data,
                expected,
                actual));
        text.append(" by ").append(kind == Kind.REQUEST ? completion.rule() : verdict.rule());
        records.forEach(r -> text.append(String.format(", record %016x %016x", r[0], r[1])));
        if (scene.cached) {
            scene.invalidate();
            scene.unit.translate(transaction, verdict);
            text.append(String.format("%n  without caches %s", answer(verdict)));
        }
        ReferenceRegisters r = scene.machine;
        text.append(String.format(
                "%n  VER %x, CAP %x, ECAP %x, GSTS %x, RTADDR %x, IRTA %x",
                r.ver(), r.cap(), r.ecap(), r.status(), r.root(), r.interrupts()));
        memory.seen().forEach((at, value) -> text.append(String.format("%n    %x: %016x", at, value)));
        memory.written().forEach((at, value) -> text.append(String.format("%n    %x = %016x", at, value)));
        return text.toString();
    }

    @Override
    public void close() {
        scene.close();
    }
}
