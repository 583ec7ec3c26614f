// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.StructureReader;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;

/** What an SMMU has done since it was made; neither software's view nor cleared by a reset. */
public final class SmmuStatistics {
    private final CommandQueue commands;
    private final EventQueue events;
    private final EventRecorder recorder;
    private final PageRequests pages;
    private final TranslationRequests requests;
    private final TranslatedTransactions translated;
    private final AtcInvalidations atcs;
    private final StalledTransactions stalls;
    private final StructureReader structures;
    private final Interrupts lines;

    SmmuStatistics(
            CommandQueue commands,
            EventQueue events,
            EventRecorder recorder,
            PageRequests pages,
            TranslationRequests requests,
            TranslatedTransactions translated,
            AtcInvalidations atcs,
            StalledTransactions stalls,
            StructureReader structures,
            Interrupts lines) {
        this.commands = commands;
        this.events = events;
        this.recorder = recorder;
        this.pages = pages;
        this.requests = requests;
        this.translated = translated;
        this.atcs = atcs;
        this.stalls = stalls;
        this.structures = structures;
        this.lines = lines;
    }

    /** Commands of a kind consumed so far. */
    public long consumed(Command command) {
        return commands.consumed(command);
    }

    /** Wake-up events (SEV) sent by SYNC so far. */
    public long wakeUpEvents() {
        return commands.wakeUpEvents();
    }

    /** Event records of a kind made so far, lost ones included. */
    public long recorded(Event event) {
        return recorder.count(event);
    }

    /** Event records lost because the queue was full. */
    public long eventsOverflowed() {
        return events.overflowed();
    }

    /** Event records lost because the queue was off, in error, or got no answer. */
    public long eventsDiscarded() {
        return events.discarded();
    }

    /** Events that were merged into the record before them. */
    public long eventsMerged() {
        return recorder.merged();
    }

    /** Page Requests lost to a full PRI queue. */
    public long pageRequestsOverflowed() {
        return pages.overflowed();
    }

    /** Page Requests lost because the PRI queue was off, in error, or got no answer. */
    public long pageRequestsDiscarded() {
        return pages.discarded();
    }

    /** PRG Responses sent without software. */
    public long automaticResponses() {
        return pages.autoResponses();
    }

    /** ATS Translation Requests answered so far. */
    public long translationRequests() {
        return requests.answered();
    }

    /** Transactions with translated addresses that went on. */
    public long translatedForwarded() {
        return translated.forwarded();
    }

    /** Invalidate Requests sent to devices. */
    public long atcInvalidations() {
        return atcs.sent();
    }

    /** Invalidate Requests that no device answered in time. */
    public long atcTimeouts() {
        return atcs.timeouts();
    }

    /** Transactions that are stalled now. */
    public int stalled() {
        return stalls.size();
    }

    /** Of those, the ones whose record still waits for room. */
    public int stalledUnrecorded() {
        return stalls.unrecorded();
    }

    /** Transactions stalled so far. */
    public long stalls() {
        return stalls.held();
    }

    /** The most times that any one stalled transaction has been tried again: a large number hints at a live-lock. */
    public int mostStallRetries() {
        return stalls.mostRetries();
    }

    /** Configuration structures read so far, failed reads included. */
    public long structureReads() {
        return structures.reads();
    }

    /** Of those, the ones that got no answer. */
    public long structureAborts() {
        return structures.aborts();
    }

    /** Message-signalled interrupts written so far. */
    public long messagesSent() {
        return lines.messagesSent();
    }
}
