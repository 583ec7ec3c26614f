// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/** Where one transaction's time went, and what was done for it in the IOMMU. One is used again and again. */
public final class Journey {
    private static final int PARTS = LatencyPart.values().length;

    /** How a translation was come by. */
    public enum Outcome {
        /** Nothing had to be read: found in a TLB, or not translated at all. */
        HIT("hit", "hits"),
        /** Found, but still being walked for somebody else. */
        MERGED_MISS("merged miss", "merged misses"),
        /** Tables or configuration were read. */
        MISS("miss", "misses");

        private final String text;
        private final String plural;

        Outcome(String text, String plural) {
            this.text = text;
            this.plural = plural;
        }

        /** What reports call one. */
        public String text() {
            return text;
        }

        /** What they call several. */
        public String plural() {
            return plural;
        }
    }

    private final long[] parts = new long[PARTS];
    private Outcome outcome = Outcome.HIT;
    private int structureReads;
    private int descriptorReads;
    private int secondStageReads;

    /** Begins anew. */
    public void clear() {
        for (int i = 0; i < PARTS; i++) {
            parts[i] = 0;
        }
        outcome = Outcome.HIT;
        structureReads = 0;
        descriptorReads = 0;
        secondStageReads = 0;
    }

    /** Adds {@code time}, in ps, to a part. */
    public void add(LatencyPart part, long time) {
        parts[part.ordinal()] += time;
    }

    /** Adds every part of another. */
    public void addParts(Journey other) {
        for (int i = 0; i < PARTS; i++) {
            parts[i] += other.parts[i];
        }
    }

    /** Adds what was done in the IOMMU for another; its time was not spent here. */
    public void addWork(Journey other) {
        if (other.outcome.compareTo(outcome) > 0) {
            outcome = other.outcome;
        }
        structureReads += other.structureReads;
        descriptorReads += other.descriptorReads;
        secondStageReads += other.secondStageReads;
    }

    /** What a part came to, in ps. */
    public long of(LatencyPart part) {
        return parts[part.ordinal()];
    }

    /** All parts together, in ps. */
    public long total() {
        long sum = 0;
        for (long part : parts) {
            sum += part;
        }
        return sum;
    }

    void merged() {
        if (outcome == Outcome.HIT) {
            outcome = Outcome.MERGED_MISS;
        }
    }

    void missed(Footprint f) {
        outcome = Outcome.MISS;
        structureReads += f.structures();
        descriptorReads += f.reads() - f.structures();
        secondStageReads += f.secondStage();
    }

    /** How its translation was come by: the worst, if it took several. */
    public Outcome outcome() {
        return outcome;
    }

    /** Configuration structures read for it. */
    public int structureReads() {
        return structureReads;
    }

    /** Table entries read for it, of either stage. */
    public int descriptorReads() {
        return descriptorReads;
    }

    /** Of those, entries of a second stage. */
    public int secondStageReads() {
        return secondStageReads;
    }
}
