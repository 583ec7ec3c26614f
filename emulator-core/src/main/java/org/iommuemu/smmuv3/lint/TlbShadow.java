// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/**
 * The leaves that streams have used, until a TLBI of them and a SYNC: tells when a transaction comes to a leaf that has been
 * changed and invalidated, but with the SYNC still missing, so that it may use either (IHI 0070 §3.17, §4.7.3). Global leaves
 * and those of EL2 are not followed.
 */
final class TlbShadow {
    private static final int MOST_LEAVES = 1 << 16;
    private static final int MOST_SPACES = 1 << 12;
    private static final int GRANULE_BASE_SHIFT = 10;
    private static final int STAGE_2_ONLY = -1;
    private static final int MOST_SHIFT = 63;

    private final SmmuV3 smmu;
    private final LintLog log;
    private final Map<Space, NavigableMap<Long, Leaf>> spaces = new HashMap<>();
    private final List<Pending> pending = new ArrayList<>();
    private int leaves;
    private long input;
    private @Nullable TableRoot root;
    private int height;
    private long descriptor;

    /** An address space; the ASID is −1 for stage 2 alone. */
    private record Space(int vmid, int asid) {}

    /** A leaf that a TLBI has named. */
    private record Pending(NavigableMap<Long, Leaf> of, long key, Leaf leaf) {}

    /** A leaf that may be in a TLB. */
    private static final class Leaf {
        private final int shift;
        private long value;
        private boolean pending;
        private @Nullable Long next;

        private Leaf(int shift, long value) {
            this.shift = shift;
            this.value = value;
        }
    }

    TlbShadow(SmmuV3 smmu, LintLog log) {
        this.smmu = smmu;
        this.log = log;
    }

    /** A transaction begins. */
    void begin(long address) {
        input = address;
        root = null;
    }

    /** Its walk reads a descriptor; of two stages only the first is followed. */
    void descriptor(TableRoot of, int atHeight, long value) {
        if (of.stage() == 1 || root == null || root.stage() == 2) {
            root = of;
            height = atHeight;
            descriptor = value;
        }
    }

    /** It ends, with the stream's structures as far as they are known. */
    void end(int streamId, long @Nullable [] cd, long @Nullable [] ste) {
        TableRoot r = root;
        if (r == null || ste == null || Ste.STRW.getInt(ste) != 0) {
            return;
        }
        boolean stage1 = (Ste.CONFIG.getInt(ste) & Ste.CONFIG_STAGE_1) != 0;
        if (stage1 != (r.stage() == 1) || stage1 && cd == null) {
            return;
        }
        int vmid = smmu.features().hasStage2() ? Ste.S2VMID.getInt(ste) : 0;
        Space space = new Space(vmid, cd == null || !stage1 ? STAGE_2_ONLY : Cd.ASID.getInt(cd));
        long address = r.canonical(input);
        boolean isLeaf = r.format().isLeaf(descriptor, height);
        Leaf known = find(space, address);
        if (known != null && known.pending && differs(known.value, descriptor)) {
            log.add(
                    SmmuLintRule.TLBI_NOT_SYNCED,
                    "stream 0x" + Integer.toHexString(streamId) + " page 0x"
                            + Long.toHexString(address & -(1L << r.format().granuleShift())),
                    descriptor);
        }
        if (!isLeaf || stage1 && !Aarch64Descriptor.NG.isSet(descriptor)) {
            return;
        }
        if (known != null && known.pending) {
            known.next = descriptor;
        } else {
            put(space, address, r.format().shift(height), descriptor);
        }
    }

    /** Marks that hardware sets do not make a leaf another. */
    private static boolean differs(long a, long b) {
        boolean dirty = Aarch64Descriptor.DBM.isSet(a) && Aarch64Descriptor.DBM.isSet(b);
        long ignored = Aarch64Descriptor.AF.mask() | (dirty ? Aarch64Descriptor.AP_READ_ONLY.mask() : 0);
        return ((a ^ b) & ~ignored) != 0;
    }

    private @Nullable Leaf find(Space space, long address) {
        NavigableMap<Long, Leaf> of = spaces.get(space);
        Map.Entry<Long, Leaf> at = of == null ? null : of.floorEntry(address);
        return at == null || address - at.getKey() >>> at.getValue().shift != 0 ? null : at.getValue();
    }

    private void put(Space space, long address, int shift, long value) {
        if (!spaces.containsKey(space) && spaces.size() >= MOST_SPACES) {
            return;
        }
        NavigableMap<Long, Leaf> of = spaces.computeIfAbsent(space, k -> new TreeMap<>());
        long key = address & -(1L << shift);
        Leaf known = of.get(key);
        if (known != null ? !known.pending : leaves < MOST_LEAVES) {
            of.put(key, new Leaf(shift, value));
            leaves += known == null ? 1 : 0;
        }
    }

    /** A TLBI marks leaves, a SYNC drops those that are marked. */
    void consuming(Command command, long word0, long word1) {
        int vmid = smmu.features().hasStage2() ? Command.VMID.getInt(word0) : 0;
        int asid = Command.ASID.getInt(word0);
        switch (command) {
            case TLBI_NSNH_ALL -> spaces.values().forEach(l -> mark(l, Long.MIN_VALUE, Long.MAX_VALUE));
            case TLBI_S12_VMALL -> markAll(vmid, true);
            case TLBI_NH_ALL -> markAll(vmid, false);
            case TLBI_NH_ASID -> mark(new Space(vmid, asid));
            case TLBI_NH_VA -> markRange(new Space(vmid, asid), word0, word1);
            case TLBI_NH_VAA ->
                spaces.keySet().stream()
                        .filter(s -> s.vmid == vmid && s.asid != STAGE_2_ONLY)
                        .forEach(s -> markRange(s, word0, word1));
            case TLBI_S2_IPA -> markRange(new Space(vmid, STAGE_2_ONLY), word0, word1);
            case SYNC -> sync();
            default -> {}
        }
    }

    private void markAll(int vmid, boolean stage2) {
        spaces.forEach((s, l) -> {
            if (s.vmid == vmid && (stage2 || s.asid != STAGE_2_ONLY)) {
                mark(l, Long.MIN_VALUE, Long.MAX_VALUE);
            }
        });
    }

    private void mark(Space space) {
        NavigableMap<Long, Leaf> of = spaces.get(space);
        if (of != null) {
            mark(of, Long.MIN_VALUE, Long.MAX_VALUE);
        }
    }

    private void markRange(Space space, long word0, long word1) {
        NavigableMap<Long, Leaf> of = spaces.get(space);
        if (of == null) {
            return;
        }
        long first = Command.ADDRESS.inPlace(word1) << 8 >> 8;
        long last = first;
        int granule = smmu.features().has3(Idr.RIL) ? Command.TG.getInt(word1) : 0;
        if (granule != 0) {
            int shift = Math.min(MOST_SHIFT, GRANULE_BASE_SHIFT + 2 * granule + Command.SCALE.getInt(word0));
            long units = Command.NUM.getInt(word0) + 1L;
            boolean fits = Long.numberOfLeadingZeros(units) > shift + 1;
            last = fits && first + (units << shift) - 1 >= first ? first + (units << shift) - 1 : Long.MAX_VALUE;
        }
        mark(of, first, last);
    }

    private void mark(NavigableMap<Long, Leaf> of, long first, long last) {
        Long from = of.floorKey(first);
        for (Map.Entry<Long, Leaf> e :
                of.subMap(from == null ? first : from, true, last, true).entrySet()) {
            long end = e.getKey() + (1L << e.getValue().shift) - 1;
            if (end >= first && !e.getValue().pending) {
                e.getValue().pending = true;
                pending.add(new Pending(of, e.getKey(), e.getValue()));
            }
        }
    }

    private void sync() {
        for (Pending p : pending) {
            Long next = p.leaf.next;
            if (next != null) {
                p.leaf.value = next;
                p.leaf.next = null;
                p.leaf.pending = false;
            } else {
                p.of.remove(p.key);
                leaves--;
            }
        }
        pending.clear();
    }
}
