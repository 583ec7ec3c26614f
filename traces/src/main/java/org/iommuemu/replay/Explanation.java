// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * One access, entry by entry: every structure and descriptor that the machine read for it, and the verdict. The machine is the
 * ordinary one without caches, watched while it works.
 *
 * @param steps what was read, in order
 * @param status how it ended
 * @param address output address, if the access went on
 * @param attributes memory attributes in words, if it went on
 * @param rule the rule that refused it, or null
 * @param record the fault record that it left, or null
 * @param fault the short name of that, or what to say without one
 * @param unknownStream whether nothing is known of the stream
 */
public record Explanation(
        List<Step> steps,
        Verdict.Status status,
        long address,
        String attributes,
        @Nullable Rule rule,
        @Nullable Step record,
        String fault,
        boolean unknownStream) {
    private static final long NOWHERE = -1;

    /**
     * Something that was read.
     *
     * @param title what it is
     * @param layout its layout
     * @param address where it was read
     * @param words its content
     */
    public record Step(String title, Layout layout, long address, List<Long> words) {
        /** The content as an array. */
        public long[] array() {
            return words.stream().mapToLong(Long::longValue).toArray();
        }
    }

    /**
     * Presents an access to a snapshot.
     *
     * @param transaction the access
     */
    public static Explanation of(Capture capture, Snapshot snapshot, Transaction transaction) {
        try (CaptureMachine machine = CaptureMachine.atStop(capture, snapshot, CacheConfiguration.none())) {
            return of(machine, transaction);
        }
    }

    /**
     * Presents an access to a machine.
     *
     * @param machine one without caches; its observers are taken
     * @param transaction the access
     */
    public static Explanation of(Explainable machine, Transaction transaction) {
        Terms terms = machine.terms();
        List<Step> steps = new ArrayList<>(terms.start(machine.iommu()));
        RecordReader records = machine.records();
        records.drain();
        machine.observe(
                (layout, address, words) -> steps.add(step(layout.name(), layout, address, words)),
                (root, height, address, entry) -> steps.add(step(
                        terms.entry(root, height, entry), terms.entryLayout(root, height, entry), address, entry)));
        Verdict verdict = new Verdict();
        machine.iommu().translate(transaction, verdict);
        machine.observe(null, null);
        boolean recorded = records.drain() > 0;
        long[] last = records.last();
        Rule rule = verdict.rule();
        return new Explanation(
                steps,
                verdict.status(),
                verdict.address(),
                terms.attributes(verdict.attributes()),
                rule,
                recorded ? step(terms.record(last), terms.recordLayout(last), NOWHERE, last) : null,
                recorded ? terms.fault(last) : terms.noRecord(),
                rule != null && terms.isUnknownStream(rule));
    }

    private static Step step(String title, Layout layout, long address, long... words) {
        List<Long> content = new ArrayList<>();
        for (int i = 0; i < layout.words(); i++) {
            content.add(words[i]);
        }
        return new Step(title, layout, address, content);
    }
}
