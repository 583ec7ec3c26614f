// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.smmuv3.spec.Event;

/** Builds the record of a refused transaction and hands it to the event queue (IHI 0070 §7.3). */
final class EventRecorder {
    private final EventQueue events;
    private final long[] byType = new long[1 << Event.TYPE.width()];
    private boolean merging;
    private long merged;

    EventRecorder(EventQueue events) {
        this.events = events;
    }

    /** Lets equal events be recorded once where their stream allows it (§7.3.1); off after reset. */
    void merge(boolean on) {
        merging = on;
    }

    /**
     * Records a configuration error.
     *
     * @param fetchAddress address of the structure, used by the events of a fetch
     * @param mergeable whether the stream lets events be merged, or is not known
     */
    void configuration(Transaction t, SmmuRule rule, long fetchAddress, boolean mergeable) {
        Event event = rule.event();
        if (event == null) {
            return;
        }
        long word0 = switch (event) {
            // F_STREAM_DISABLED has no SubstreamID; C_BAD_SUBSTREAMID has one without SSV.
            case F_STREAM_DISABLED -> header(event, t) & ~(Event.SSV.mask() | Event.SUBSTREAM_ID.mask());
            case C_BAD_SUBSTREAMID -> header(event, t) & ~Event.SSV.mask();
            default -> header(event, t);
        };
        boolean fetch = event == Event.F_STE_FETCH || event == Event.F_CD_FETCH;
        write(event, mergeable, word0, 0, 0, fetch ? Event.FETCH_ADDR.inPlace(fetchAddress) : 0);
    }

    /** Records that a translated transaction is forbidden. */
    void forbidden(Transaction t, boolean mergeable) {
        long word0 = Event.TYPE.of(Event.F_TRANSL_FORBIDDEN.type()) | Event.STREAM_ID.of(t.streamId());
        long word1 = Event.RNW.of(Access.isWrite(t.access()) ? 0 : 1);
        write(Event.F_TRANSL_FORBIDDEN, mergeable, word0, word1, t.address(), 0);
    }

    /** Records that a Translation Request, which always asks for one translation, is refused. */
    void badTranslationRequest(Transaction t, boolean mergeable) {
        boolean pasid = t.hasSubstream();
        long word1 = Event.REQUEST_SPAN.of(1)
                | Event.REQUEST_P.of(pasid && Access.isPrivileged(t.access()) ? 1 : 0)
                | Event.REQUEST_X.of(pasid && (t.access() & Access.INSTRUCTION) != 0 ? 1 : 0)
                | Event.REQUEST_W.of(Access.isWrite(t.access()) ? 1 : 0)
                | Event.REQUEST_R.of(1);
        write(Event.F_BAD_ATS_TREQ, mergeable, header(Event.F_BAD_ATS_TREQ, t), word1, t.address() & -0x1000L, 0);
    }

    /**
     * Records a fault of translation that ends its transaction.
     *
     * @param access the access code after overrides
     * @param reads whether RnW says read
     */
    void translation(Transaction t, SmmuRule rule, int access, boolean reads, Fault fault, boolean mergeable) {
        Event event = rule.event();
        if (event != null) {
            write(
                    event,
                    mergeable,
                    header(event, t),
                    syndrome(event, access, reads, fault),
                    t.address(),
                    secondAddress(event, fault));
        }
    }

    /**
     * Records a fault of translation that stalls its transaction.
     *
     * @param tag its STAG
     * @return false if the queue cannot take the record now
     */
    boolean stall(Transaction t, SmmuRule rule, int access, boolean reads, Fault fault, int tag) {
        Event event = rule.event();
        if (event == null) {
            return false;
        }
        long word1 = syndrome(event, access, reads, fault) | Event.STALL.of(1) | Event.STAG.of(tag);
        if (!events.recordStall(header(event, t), word1, t.address(), secondAddress(event, fault))) {
            return false;
        }
        byType[event.type()]++;
        return true;
    }

    private static long syndrome(Event event, int access, boolean reads, Fault fault) {
        int faultClass = classOf(fault, event);
        // A walk reads, but for updates of a descriptor; TTRnW tells which was not allowed.
        boolean walkRead = event == Event.F_PERMISSION && faultClass == Event.CLASS_TT && !fault.isUpdate();
        return Event.PNU.of(Access.isPrivileged(access) ? 1 : 0)
                | Event.IND.of(Access.isInstruction(access) ? 1 : 0)
                | Event.RNW.of(reads ? 1 : 0)
                | Event.S2.of(fault.stage() == 2 ? 1 : 0)
                | Event.CLASS.of(faultClass)
                | Event.TTRNW.of(walkRead ? 1 : 0);
    }

    /** FetchAddr of a walk without an answer, IPA of the other stage 2 faults. */
    private static long secondAddress(Event event, Fault fault) {
        if (event == Event.F_WALK_EABT) {
            return Event.FETCH_ADDR.inPlace(fault.fetchAddress());
        }
        return fault.stage() == 2 ? Event.IPA.inPlace(fault.intermediate()) : 0;
    }

    /** A stage 1 walk that gets no answer is of class TT; everything else of stage 1 is of the input (§7.3). */
    private static int classOf(Fault fault, Event event) {
        if (fault.stage() == 1) {
            return event == Event.F_WALK_EABT ? Event.CLASS_TT : Event.CLASS_IN;
        }
        return switch (fault.source()) {
            case INPUT -> Event.CLASS_IN;
            case TABLE -> Event.CLASS_TT;
            case STRUCTURE -> Event.CLASS_CD;
        };
    }

    private void write(Event event, boolean mergeable, long word0, long word1, long word2, long word3) {
        if (merging && mergeable && events.endsWith(word0, word1, word2, word3)) {
            merged++;
            return;
        }
        byType[event.type()]++;
        events.record(word0, word1, word2, word3);
    }

    private static long header(Event event, Transaction t) {
        long header = Event.TYPE.of(event.type()) | Event.STREAM_ID.of(t.streamId());
        return t.hasSubstream() ? header | Event.SSV.of(1) | Event.SUBSTREAM_ID.of(t.substreamId()) : header;
    }

    /** Events that were merged into the record before them. */
    long merged() {
        return merged;
    }

    /** How many records of an event were made, lost ones included. */
    long count(Event event) {
        return byType[event.type()];
    }
}
