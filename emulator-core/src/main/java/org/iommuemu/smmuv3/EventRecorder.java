// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Fault;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;

/** Builds the record of a refused transaction and hands it to the event queue (IHI 0070 §7.3). */
final class EventRecorder {
    private final EventQueue events;
    private final RegisterFile registers;
    private final long[] byType = new long[1 << Event.TYPE.width()];

    EventRecorder(EventQueue events, RegisterFile registers) {
        this.events = events;
        this.registers = registers;
    }

    /**
     * Records a configuration error.
     *
     * @param fetchAddress address of the structure, used by the events of a fetch
     */
    void configuration(Transaction t, SmmuRule rule, long fetchAddress) {
        Event event = rule.event();
        if (event == null
                || event == Event.C_BAD_STREAMID && !Registers.RECINVSID.isSet(registers.get(Registers.CR2))) {
            return;
        }
        long word0 = switch (event) {
            // F_STREAM_DISABLED has no SubstreamID; C_BAD_SUBSTREAMID has one without SSV.
            case F_STREAM_DISABLED -> header(event, t) & ~(Event.SSV.mask() | Event.SUBSTREAM_ID.mask());
            case C_BAD_SUBSTREAMID -> header(event, t) & ~Event.SSV.mask();
            default -> header(event, t);
        };
        boolean fetch = event == Event.F_STE_FETCH || event == Event.F_CD_FETCH;
        write(event, word0, 0, 0, fetch ? Event.FETCH_ADDR.inPlace(fetchAddress) : 0);
    }

    /**
     * Records a fault of translation.
     *
     * @param access the access code after overrides
     * @param reads whether RnW says read
     */
    void translation(Transaction t, SmmuRule rule, int access, boolean reads, Fault fault) {
        Event event = rule.event();
        if (event == null) {
            return;
        }
        boolean stage2 = fault.stage() == 2;
        int faultClass = classOf(fault, event);
        // A walk reads, but for updates of a descriptor; TTRnW tells which was not allowed.
        boolean walkRead = event == Event.F_PERMISSION && faultClass == Event.CLASS_TT && !fault.isUpdate();
        long word1 = Event.PNU.of(Access.isPrivileged(access) ? 1 : 0)
                | Event.IND.of(Access.isInstruction(access) ? 1 : 0)
                | Event.RNW.of(reads ? 1 : 0)
                | Event.S2.of(stage2 ? 1 : 0)
                | Event.CLASS.of(faultClass)
                | Event.TTRNW.of(walkRead ? 1 : 0);
        long word3 = 0;
        if (event == Event.F_WALK_EABT) {
            word3 = Event.FETCH_ADDR.inPlace(fault.fetchAddress());
        } else if (stage2) {
            word3 = Event.IPA.inPlace(fault.intermediate());
        }
        write(event, header(event, t), word1, t.address(), word3);
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

    private void write(Event event, long word0, long word1, long word2, long word3) {
        byType[event.type()]++;
        events.record(word0, word1, word2, word3);
    }

    private static long header(Event event, Transaction t) {
        long header = Event.TYPE.of(event.type()) | Event.STREAM_ID.of(t.streamId());
        return t.hasSubstream() ? header | Event.SSV.of(1) | Event.SUBSTREAM_ID.of(t.substreamId()) : header;
    }

    /** How many records of an event were made, lost ones included. */
    long count(Event event) {
        return byType[event.type()];
    }
}
