// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.Event;
import org.jspecify.annotations.Nullable;

/**
 * One access to a snapshot, entry by entry: every structure and descriptor that the machine read for it, and the verdict. The
 * machine is the ordinary one without caches, watched while it works.
 *
 * @param steps what was read, in order
 * @param address output address, if the access went on
 * @param status how it ended
 * @param attributes memory attributes, if it went on
 * @param rule the rule that refused it, or null
 * @param event the event record it left, or empty
 */
public record Explanation(
        List<Step> steps,
        Verdict.Status status,
        long address,
        long attributes,
        @Nullable Rule rule,
        List<Long> event) {

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
     * Presents an access.
     *
     * @param transaction the access
     */
    public static Explanation of(Capture capture, Snapshot snapshot, Transaction transaction) {
        if (!capture.isSmmuV3()) {
            throw new InputException(
                    snapshot.folder().resolve("registers.json"), 0, "is of another IOMMU", "an SMMUv3 capture");
        }
        List<Step> steps = new ArrayList<>();
        Verdict verdict = new Verdict();
        try (CaptureMachine machine = CaptureMachine.atStop(capture, snapshot, CacheConfiguration.none())) {
            machine.observe(
                    (layout, address, words) -> steps.add(step(layout.name(), layout, address, words)),
                    (root, height, address, descriptor) -> steps.add(descriptor(root, height, address, descriptor)));
            machine.iommu().translate(transaction, verdict);
            RecordReader events = machine.records();
            List<Long> event = new ArrayList<>();
            if (events.drain() > 0) {
                for (long word : events.last()) {
                    event.add(word);
                }
            }
            return new Explanation(
                    steps, verdict.status(), verdict.address(), verdict.attributes(), verdict.rule(), event);
        }
    }

    private static Step step(String title, Layout layout, long address, long[] words) {
        List<Long> content = new ArrayList<>();
        for (int i = 0; i < layout.words(); i++) {
            content.add(words[i]);
        }
        return new Step(title, layout, address, content);
    }

    private static Step descriptor(TableRoot root, int height, long address, long descriptor) {
        boolean table = root.format().isTable(descriptor, height);
        boolean leaf = root.format().isLeaf(descriptor, height);
        String what = table ? "table" : !leaf ? "invalid" : height == 0 ? "page" : "block";
        String title = "stage " + root.stage() + " level " + root.format().level(height) + " " + what + " descriptor";
        return new Step(title, layout(root.stage(), table, height), address, List.of(descriptor));
    }

    private static Layout layout(int stage, boolean table, int height) {
        if (stage == 1) {
            Layout leaf = height == 0 ? Aarch64Descriptor.PAGE : Aarch64Descriptor.BLOCK;
            return table ? Aarch64Descriptor.TABLE : leaf;
        }
        Layout leaf = height == 0 ? Aarch64Stage2.PAGE : Aarch64Stage2.BLOCK;
        return table ? Aarch64Stage2.TABLE : leaf;
    }

    /** Kind of the event record, or null if there is none. */
    public @Nullable Event eventKind() {
        return event.isEmpty() ? null : Event.of(event.get(0));
    }
}
