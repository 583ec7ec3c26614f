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

/**
 * Presents every row of a snapshot's {@code mappings.csv} and {@code probes.csv} to a machine in the snapshot's state, and
 * compares: address, refusal, kind of fault and, if asked, the whole record.
 */
public final class SnapshotVerifier implements AutoCloseable {
    /** A row presents four bytes, as the recorder did. */
    private static final int PROBE_BYTES = 4;

    private final Snapshot snapshot;
    private final boolean records;
    private final CaptureMachine machine;
    private final RecordReader reader;
    private final RecordedFaults faults;
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
        reader = machine.records();
        faults = machine.captured().faults();
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
        Comparison comparison = compare(m, 0, false);
        if (comparison.agrees()) {
            comparison = compare(m, last, false);
        }
        if (comparison.agrees()) {
            comparison = compare(m, 0, true);
        }
        if (comparison.agrees()) {
            comparison = compare(m, last, true);
        }
        agreement.note(at("mappings.csv", m.line(), m.sid(), m.iova()), comparison);
    }

    private Comparison compare(Mapping m, long offset, boolean write) {
        present(m.sid(), m.pasid(), m.iova() + offset, write);
        boolean allowed = write ? m.writable() : m.readable();
        return allowed ? expectAddress(m.pa() + offset) : expectFault(faults.permission(write));
    }

    private void verify(Probe p) {
        present(p.sid(), p.pasid(), p.iova(), p.write());
        agreement.note(
                at("probes.csv", p.line(), p.sid(), p.iova()),
                switch (p.fault()) {
                    case "not_presented_to_iommu" -> expectRefusal(AgreementRule.NOT_PRESENTED);
                    case "denied_without_record" -> expectRefusal(AgreementRule.DENIED_WITHOUT_RECORD);
                    case "bypass" -> expectBypass(p.pa());
                    case "" -> expectAddress(p.pa());
                    default -> expectFault(p);
                });
    }

    private void present(int sid, int pasid, long iova, boolean write) {
        int substream =
                pasid < 0 ? Transaction.NO_SUBSTREAM : machine.captured().substream(pasid);
        machine.iommu().translate(transaction.set(sid, substream, iova, write ? Access.WRITE : Access.READ), verdict);
        recordsSeen = reader.drain();
    }

    private Comparison expectBypass(long pa) {
        AgreementRule excuse = faults.refusedBypass(verdict.rule());
        return excuse == null ? expectAddress(pa) : Comparison.by(excuse);
    }

    private Comparison expectAddress(long pa) {
        if (!verdict.isOk()) {
            return Comparison.differs("refused (" + verdict.rule() + "), expected pa 0x" + Long.toHexString(pa));
        }
        if (verdict.address() != pa) {
            return Comparison.differs(
                    "pa is 0x" + Long.toHexString(verdict.address()) + ", expected 0x" + Long.toHexString(pa));
        }
        return recordsSeen == 0
                ? Comparison.SAME
                : Comparison.differs("went on, but left " + recordsSeen + " event records");
    }

    private Comparison expectFault(Probe p) {
        Comparison kind = expectFault(p.fault());
        if (!kind.agrees() || !records) {
            return kind;
        }
        return kind.and(faults.record(p.event(), reader.last()));
    }

    private Comparison expectFault(String name) {
        if (verdict.isOk()) {
            return Comparison.differs("pa is 0x" + Long.toHexString(verdict.address()) + ", expected " + name);
        }
        if (recordsSeen != 1) {
            return Comparison.differs("refused with " + recordsSeen + " event records, expected one, " + name);
        }
        return faults.kind(name, faults.name(reader.last()));
    }

    private Comparison expectRefusal(AgreementRule rule) {
        return verdict.isOk()
                ? Comparison.differs("pa is 0x" + Long.toHexString(verdict.address()) + ", expected a refusal")
                : Comparison.by(rule);
    }

    private String at(String file, long line, int sid, long iova) {
        return String.format("%s:%d: stream 0x%x iova 0x%x: ", snapshot.folder().resolve(file), line, sid, iova);
    }

    @Override
    public void close() {
        machine.close();
    }
}
