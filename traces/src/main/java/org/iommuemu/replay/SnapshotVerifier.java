// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.Capture;
import org.iommuemu.capture.Mapping;
import org.iommuemu.capture.Probe;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.spec.Event;

/**
 * Presents every row of a snapshot's {@code mappings.csv} and {@code probes.csv} to a machine in the snapshot's state, and
 * compares: address, refusal, kind of fault and, if asked, the whole record.
 */
public final class SnapshotVerifier implements AutoCloseable {
    /** A row presents four bytes, as the recorder did. */
    private static final int PROBE_BYTES = 4;

    private static final int IPA_LOW_BITS = 12;
    private static final String EVENT_PREFIX = "SMMU_EVT_";

    private final Snapshot snapshot;
    private final boolean records;
    private final CaptureMachine machine;
    private final EventReader events;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Agreement agreement = new Agreement();
    private int recordsSeen;

    /**
     * A verifier.
     *
     * @param records whether raw records are compared too
     */
    public SnapshotVerifier(Capture capture, Snapshot snapshot, CacheConfiguration caches, boolean records) {
        this.snapshot = snapshot;
        this.records = records;
        machine = CaptureMachine.atStop(capture, snapshot, caches);
        events = new EventReader(machine.smmu(), machine.memory());
    }

    /** Presents everything. */
    public Agreement run() {
        for (Mapping m : snapshot.mappings()) {
            verify(m);
        }
        for (Probe p : snapshot.probes()) {
            verify(p);
        }
        return agreement;
    }

    private void verify(Mapping m) {
        long last = m.size() - PROBE_BYTES;
        String difference = compare(m, 0, false);
        if (difference.isEmpty()) {
            difference = compare(m, last, false);
        }
        if (difference.isEmpty()) {
            difference = compare(m, 0, true);
        }
        if (difference.isEmpty()) {
            difference = compare(m, last, true);
        }
        if (difference.isEmpty()) {
            agreement.agree();
        } else {
            agreement.differ(at("mappings.csv", m.line(), m.sid(), m.iova()) + difference);
        }
    }

    private String compare(Mapping m, long offset, boolean write) {
        present(m.sid(), m.pasid(), m.iova() + offset, write);
        boolean allowed = write ? m.writable() : m.readable();
        if (allowed) {
            return expectAddress(m.pa() + offset);
        }
        return expectEvent(Event.F_PERMISSION);
    }

    private void verify(Probe p) {
        present(p.sid(), p.pasid(), p.iova(), p.write());
        String where = at("probes.csv", p.line(), p.sid(), p.iova());
        switch (p.fault()) {
            case "not_presented_to_iommu" -> expectRefusal(where, AgreementRule.NOT_PRESENTED);
            case "denied_without_record" -> expectRefusal(where, AgreementRule.DENIED_WITHOUT_RECORD);
            case "", "bypass" -> {
                if (p.fault().equals("bypass") && verdict.rule() == SmmuRule.BYPASS_ADDRESS_SIZE) {
                    agreement.agree(AgreementRule.BYPASS_ABOVE_OAS);
                } else {
                    note(where, expectAddress(p.pa()));
                }
            }
            default -> verifyFault(p, where);
        }
    }

    private void verifyFault(Probe p, String where) {
        String name = p.fault().startsWith(EVENT_PREFIX) ? p.fault().substring(EVENT_PREFIX.length()) : p.fault();
        String difference;
        try {
            difference = expectEvent(Event.valueOf(name));
        } catch (IllegalArgumentException e) {
            difference = "the recorded fault '" + p.fault() + "' is no event of the SMMUv3";
        }
        if (!difference.isEmpty() || !records || p.event().length != Event.WORDS) {
            note(where, difference);
            return;
        }
        verifyRecord(p.event(), where);
    }

    private void verifyRecord(long[] expected, String where) {
        long[] found = events.last();
        boolean headersEqual = expected[0] == found[0] && expected[2] == found[2];
        long differing1 = expected[1] ^ found[1];
        long differing3 = expected[3] ^ found[3];
        boolean classOnly = (differing1 & ~Event.CLASS.mask()) == 0 && Event.CLASS.get(expected[1]) == 0;
        boolean ipaLowOnly = differing3 >>> IPA_LOW_BITS == 0 && Event.S2.isSet(found[1]);
        if (headersEqual && differing1 == 0 && differing3 == 0) {
            agreement.agree();
        } else if (headersEqual && classOnly && differing3 == 0) {
            agreement.agree(AgreementRule.EVENT_CLASS);
        } else if (headersEqual && differing1 == 0 && ipaLowOnly) {
            agreement.agree(AgreementRule.EVENT_IPA_LOW);
        } else {
            agreement.differ(where + "record is " + words(found) + ", expected " + words(expected));
        }
    }

    private static String words(long[] record) {
        return String.format("%016x-%016x-%016x-%016x", record[0], record[1], record[2], record[3]);
    }

    private void present(int sid, int pasid, long iova, boolean write) {
        int substream = pasid < 0 ? Transaction.NO_SUBSTREAM : pasid;
        machine.smmu().translate(transaction.set(sid, substream, iova, write ? Access.WRITE : Access.READ), verdict);
        recordsSeen = events.drain();
    }

    private String expectAddress(long pa) {
        if (!verdict.isOk()) {
            return "refused (" + verdict.rule() + "), expected pa 0x" + Long.toHexString(pa);
        }
        if (verdict.address() != pa) {
            return "pa is 0x" + Long.toHexString(verdict.address()) + ", expected 0x" + Long.toHexString(pa);
        }
        return recordsSeen == 0 ? "" : "went on, but left " + recordsSeen + " event records";
    }

    private String expectEvent(Event event) {
        if (verdict.isOk()) {
            return "pa is 0x" + Long.toHexString(verdict.address()) + ", expected " + event;
        }
        if (recordsSeen != 1) {
            return "refused with " + recordsSeen + " event records, expected one, " + event;
        }
        Event found = Event.of(events.last()[0]);
        return found == event ? "" : "refused with " + found + ", expected " + event;
    }

    private void expectRefusal(String where, AgreementRule rule) {
        if (verdict.isOk()) {
            agreement.differ(where + "pa is 0x" + Long.toHexString(verdict.address()) + ", expected a refusal");
        } else {
            agreement.agree(rule);
        }
    }

    private void note(String where, String difference) {
        if (difference.isEmpty()) {
            agreement.agree();
        } else {
            agreement.differ(where + difference);
        }
    }

    private String at(String file, long line, int sid, long iova) {
        return String.format("%s:%d: stream 0x%x iova 0x%x: ", snapshot.folder().resolve(file), line, sid, iova);
    }

    @Override
    public void close() {
        machine.close();
    }
}
