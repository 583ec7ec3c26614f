// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import static org.iommuemu.trace.DmaRecord.EXECUTE;
import static org.iommuemu.trace.DmaRecord.LAST;
import static org.iommuemu.trace.DmaRecord.PRIVILEGED;
import static org.iommuemu.trace.DmaRecord.READ;
import static org.iommuemu.trace.DmaRecord.WRITE;

/** What a record of a trace is. The order is that of the codes in binary files: new kinds go to the end. */
public enum TraceKind {
    /** A device reads. */
    READ_DMA("read", EXECUTE | PRIVILEGED),
    /** A device writes. */
    WRITE_DMA("write", PRIVILEGED),
    /** A device reads and writes in one. */
    ATOMIC_DMA("atomic", PRIVILEGED),
    /** A device asks for a translation (ATS). */
    ATS_REQUEST("ats-request", WRITE | EXECUTE | PRIVILEGED),
    /** A device asks for a page (PRI). */
    PAGE_REQUEST("page-request", READ | WRITE | EXECUTE | PRIVILEGED | LAST),
    /** Software maps pages. */
    MAP("map", READ | WRITE | EXECUTE | PRIVILEGED),
    /** Software unmaps pages, and invalidates as its policy is. */
    UNMAP("unmap", 0),
    /** Software invalidates, without a change of tables; length 0 is a whole address space. */
    INVALIDATE("invalidate", 0);

    private static final TraceKind[] ALL = values();

    private final String label;
    private final int legal;

    TraceKind(String label, int legal) {
        this.label = label;
        this.legal = legal;
    }

    /** Name in CSV and in reports. */
    public String label() {
        return label;
    }

    /** The attributes that a record of this kind may have, see {@link DmaRecord}. */
    public int legalAttributes() {
        return legal;
    }

    /** Code in binary files. */
    public int code() {
        return ordinal();
    }

    /** Whether a device reads or writes memory. */
    public boolean isDma() {
        return ordinal() <= ATOMIC_DMA.ordinal();
    }

    /** How many there are. */
    public static int count() {
        return ALL.length;
    }

    /** The kind of a code below {@link #count()}. */
    public static TraceKind of(int code) {
        return ALL[code];
    }
}
