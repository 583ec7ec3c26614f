// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.FeatureOverrides;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.Walker;

/**
 * What came of a replay: every figure, taken from the machine's counters at the end.
 *
 * @param name the capture's name
 * @param features identification registers replaced by {@code features.json}
 * @param records trace records by kind
 * @param streams DMA records by StreamID
 * @param descriptorsWritten descriptors written into memory
 * @param transactions outcomes as the machine counts them
 * @param caches the machine's caches, in the order of a lookup
 * @param walks table walks
 * @param walkAccesses descriptor reads by level, from the first level that was read
 * @param structureReads configuration structures read
 * @param commands commands consumed, by name, those that occurred
 * @param events event records made, by name, those that occurred
 * @param eventInterrupts event queue interrupts raised
 * @param others what else the machine counts, by name, those that occurred
 * @param addresses agreement of DMA addresses
 * @param refusals agreement of refused accesses
 * @param registerReads agreement of register reads
 * @param commandSlots agreement of commands with the slots they were recorded in
 * @param faultRecords agreement of fault records in registers
 * @param interruptMessages agreement of remapped interrupts
 */
public record ReplaySummary(
        String name,
        FeatureOverrides features,
        TraceTally records,
        Map<Integer, Long> streams,
        long descriptorsWritten,
        Transactions transactions,
        List<CacheFigures> caches,
        long walks,
        Map<String, Long> walkAccesses,
        long structureReads,
        Map<String, Long> commands,
        Map<String, Long> events,
        long eventInterrupts,
        Map<String, Long> others,
        Agreement addresses,
        Agreement refusals,
        Agreement registerReads,
        Agreement commandSlots,
        Agreement faultRecords,
        Agreement interruptMessages) {

    /**
     * Outcomes of transactions.
     *
     * @param translated went on, translated
     * @param passedThrough went on, untranslated
     * @param refused ended
     */
    public record Transactions(long translated, long passedThrough, long refused) {}

    ReplaySummary(
            String name,
            FeatureOverrides features,
            CaptureMachine machine,
            TraceTally records,
            Map<Integer, Long> streams,
            long descriptorsWritten,
            Agreement addresses,
            Agreement refusals,
            Agreement registerReads,
            Agreement commandSlots,
            Agreement faultRecords,
            Agreement interruptMessages) {
        this(
                name,
                features,
                machine.unit(),
                machine.counts(),
                machine.eventInterrupts(),
                records,
                streams,
                descriptorsWritten,
                addresses,
                refusals,
                registerReads,
                commandSlots,
                faultRecords,
                interruptMessages);
    }

    private ReplaySummary(
            String name,
            FeatureOverrides features,
            TranslationUnit unit,
            MachineCounts counts,
            long eventInterrupts,
            TraceTally records,
            Map<Integer, Long> streams,
            long descriptorsWritten,
            Agreement addresses,
            Agreement refusals,
            Agreement registerReads,
            Agreement commandSlots,
            Agreement faultRecords,
            Agreement interruptMessages) {
        this(
                name,
                features,
                records,
                new LinkedHashMap<>(streams),
                descriptorsWritten,
                new Transactions(unit.translated(), unit.passedThrough(), unit.refused()),
                CacheFigures.of(unit, counts::level).stream()
                        .filter(CacheFigures::wasUsed)
                        .toList(),
                unit.walker().walks(),
                walkAccesses(unit.walker(), counts),
                counts.structureReads(),
                counts.commands(),
                counts.events(),
                eventInterrupts,
                counts.others(),
                addresses,
                refusals,
                registerReads,
                commandSlots,
                faultRecords,
                interruptMessages);
    }

    /** Figures of a machine that has replayed a DMA trace, with nothing that only captures have. */
    static ReplaySummary ofTrace(String name, TraceMachine machine, Agreement addresses) {
        return new ReplaySummary(
                name,
                FeatureOverrides.none(),
                machine.unit(),
                machine.counts(),
                0,
                new TraceTally(),
                Map.of(),
                0,
                addresses,
                new Agreement(),
                new Agreement(),
                new Agreement(),
                new Agreement(),
                new Agreement());
    }

    private static Map<String, Long> walkAccesses(Walker walker, MachineCounts counts) {
        Map<String, Long> byLevel = new LinkedHashMap<>();
        for (int h = TableFormat.HEIGHTS - 1; h >= 0; h--) {
            long n = walker.accesses(h);
            if (n > 0) {
                byLevel.put("level-" + counts.level(h), n);
            }
        }
        return byLevel;
    }

    /** Whether everything that was compared agrees. */
    public boolean agrees() {
        return addresses.isComplete()
                && refusals.isComplete()
                && registerReads.isComplete()
                && commandSlots.isComplete()
                && faultRecords.isComplete()
                && interruptMessages.isComplete();
    }
}
