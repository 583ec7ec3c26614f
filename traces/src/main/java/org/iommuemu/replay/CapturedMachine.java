// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.DecodedContext;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedCommands;

/** What captures of one architecture need beyond what is common to all: one implementation for each architecture. */
interface CapturedMachine extends Explainable {
    /**
     * A machine watched by a lint.
     *
     * @param front where devices and software are to go
     * @param log what is found
     */
    record Linted(Iommu front, LintLog log) {}

    /** Its pipeline. */
    TranslationUnit unit();

    /** Features of the recorded machine that this one lacks. */
    List<String> unmodelled();

    /** Those fields of the 32-bit register at an offset that differ because a feature is lacking. */
    long unmodelledFields(long offset);

    /** Programs the machine through its registers to the recorded state. */
    void program(RegisterValues recorded);

    /** The SubstreamID or PASID of a request that a row of the capture gives one, −1 for none. */
    int substream(int recorded);

    /**
     * The snapshot whose memory a replay starts from. It holds the configuration structures; of the page tables there is nothing to
     * be relied on.
     */
    static Snapshot replayed(Capture capture) {
        // Of a VT-d unit the busy tables lack some that the idle ones have.
        return capture.isSmmuV3() ? capture.busy() : capture.idle().orElseGet(capture::busy);
    }

    /** The page tables as the trace goes on. The caller closes it. */
    TableFeed tables(Capture capture);

    /** Compares every translation from now on with what the tables say. */
    StaleDetector detectStale();

    /** Notes from now on what software does wrong. */
    Linted lint();

    /** Compares how it reads the context of a requester with how the recorder did. */
    Comparison context(DecodedContext recorded);

    /** Compares the fault record that a trace record tells of with the one that the machine shows. */
    Comparison faultRecord(TraceRecord r);

    /** Presents the interrupt of a trace record, and compares the message that goes on. */
    Comparison interrupt(TraceRecord r);

    /** Compares its faults. */
    RecordedFaults faults();

    /** Hands it commands. */
    CommandFeed commands();

    /** Lets software's commands take time from now on. */
    void time(TimedCommands timed);

    /** What it counts. */
    MachineCounts counts();
}
