// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What two machines have shown of programs, op by op, and what is known about the differences. */
final class Comparison {
    private static final int CHUNK = 64;
    private static final long ANYWHERE = -1;

    private final Map<String, Integer> known = new TreeMap<>();
    private final List<String> unexplained = new ArrayList<>();
    private int programs;
    private int dmas;
    private int moved;
    private int records;
    private int registers;

    /** Adds what was seen of a program; returns how many differences nothing explains. */
    int add(Program program, Quirks quirks, List<Program.Seen> ours, List<Program.Seen> theirs) {
        int before = unexplained.size();
        Set<Long> tainted = new HashSet<>();
        programs++;
        for (int i = 0; i < ours.size(); i++) {
            Op op = i < program.ops().size() ? program.ops().get(i) : null;
            Program.Seen a = ours.get(i);
            Program.Seen b = theirs.get(i);
            if (op instanceof Op.Dma d) {
                dma(program, i, d, quirks, a, b, tainted);
            } else if (op instanceof Op.Read) {
                registers++;
                if (!a.what().equals(b.what())) {
                    unexplained.add(where(program, i) + a.what() + ", in QEMU " + b.what());
                }
            } else if (op == null && !Arrays.equals(a.bytes(), b.bytes())) {
                long chunk = program.data() + (long) CHUNK * (i - program.ops().size());
                if (tainted.contains(chunk) || tainted.contains(ANYWHERE)) {
                    count("a write that differs, in memory");
                } else {
                    unexplained.add(
                            where(program, i) + a.what() + ": " + hex(a.bytes()) + ", in QEMU " + hex(b.bytes()));
                }
            }
        }
        return unexplained.size() - before;
    }

    private void dma(
            Program program, int i, Op.Dma d, Quirks quirks, Program.Seen a, Program.Seen b, Set<Long> tainted) {
        dmas++;
        moved += b.records().isEmpty() ? 1 : 0;
        records += b.records().size();
        List<FaultRecord> our = a.records().stream().map(quirks::comparable).toList();
        List<FaultRecord> their = b.records().stream().map(quirks::comparable).toList();
        if (d.bytes() > 4 || (d.iova() & 3) != 0) {
            their = firstOfBeats(their, d);
        }
        String kinds = quirks.kinds(Quirks.kind(our), Quirks.kind(their));
        boolean alike = same(our, their) && !kinds.equals(Quirks.UNKNOWN);
        if (alike && (Arrays.equals(a.bytes(), b.bytes()) || touches(d, tainted))) {
            if (!kinds.isEmpty()) {
                count(kinds);
            } else if (!same(a.records(), b.records())) {
                count(a.records().size() == b.records().size() ? "fields of records" : "evt-per-beat");
            }
            return;
        }
        taint(d, tainted);
        String reason = quirks.reason(d, a, b);
        if (reason.isEmpty()) {
            unexplained.add(where(program, i) + d.text() + " (meant for 0x" + Long.toHexString(d.target()) + ", "
                    + d.quirks() + ", " + d.note() + "): " + text(a) + "; in QEMU " + text(b));
        } else {
            count(reason);
        }
    }

    private void count(String reason) {
        known.merge(reason, 1, Integer::sum);
    }

    /** QEMU refuses a longer DMA in pieces, with a record for each. */
    private static List<FaultRecord> firstOfBeats(List<FaultRecord> records, Op.Dma d) {
        List<FaultRecord> firsts = new ArrayList<>();
        for (FaultRecord r : records) {
            FaultRecord last = firsts.isEmpty() ? null : firsts.get(firsts.size() - 1);
            boolean inside = r.address() == 0 || r.address() - d.iova() < d.bytes();
            boolean beat = last != null && last.kind() == r.kind() && inside;
            if (!beat) {
                firsts.add(r);
            }
        }
        return firsts;
    }

    private static void taint(Op.Dma d, Set<Long> tainted) {
        if (d.toMemory() && d.target() < 0) {
            tainted.add(ANYWHERE);
        } else if (d.toMemory()) {
            for (long at = d.target() & -CHUNK; at < d.target() + d.bytes(); at += CHUNK) {
                tainted.add(at);
            }
        }
    }

    private static boolean touches(Op.Dma d, Set<Long> tainted) {
        for (long at = d.target() & -CHUNK; at < d.target() + d.bytes(); at += CHUNK) {
            if (tainted.contains(at)) {
                return true;
            }
        }
        return false;
    }

    private static boolean same(List<FaultRecord> a, List<FaultRecord> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!a.get(i).sameAs(b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static String where(Program p, int op) {
        return p.target() + " seed " + p.seed() + ", op " + op + ": ";
    }

    private static String text(Program.Seen s) {
        return s.records().stream().map(FaultRecord::text).collect(Collectors.joining(" ")) + " " + hex(s.bytes());
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    List<String> unexplained() {
        return List.copyOf(unexplained);
    }

    int dmas() {
        return dmas;
    }

    /** One line for people, and one for each known difference. */
    String text() {
        StringBuilder text = new StringBuilder(programs + " programs, " + dmas + " DMAs compared (" + moved
                + " without a record in QEMU), " + records + " fault records, " + registers + " register reads\n");
        known.forEach((id, n) ->
                text.append("  ").append(n).append(" differ by ").append(id).append('\n'));
        return text.append("  ")
                .append(unexplained.size())
                .append(" unexplained\n")
                .toString();
    }
}
