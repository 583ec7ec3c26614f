// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import org.iommuemu.device.traffic.RecordSource;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;

/** The records of a trace as devices and a driver play them. */
public final class TraceRecords implements RecordSource {
    private static final Kind[] KINDS = {
        Kind.READ,
        Kind.WRITE,
        Kind.ATOMIC,
        Kind.TRANSLATION_REQUEST,
        Kind.PAGE_REQUEST,
        Kind.MAP,
        Kind.UNMAP,
        Kind.INVALIDATE
    };

    private final TraceReader trace;
    private final DmaRecord record;
    private final IommuDriver driver;

    /** The records of a trace that is at its beginning. */
    public TraceRecords(TraceReader trace, IommuDriver driver) {
        this.trace = trace;
        this.driver = driver;
        record = trace.record();
    }

    @Override
    public boolean next() {
        return trace.next();
    }

    @Override
    public Kind kind() {
        return KINDS[record.kindCode()];
    }

    @Override
    public long time() {
        return record.time();
    }

    @Override
    public int stream() {
        return record.stream();
    }

    @Override
    public int pasid() {
        return record.pasid() == DmaRecord.NO_PASID ? Transaction.NO_SUBSTREAM : record.pasid();
    }

    @Override
    public long iova() {
        return record.iova();
    }

    @Override
    public long length() {
        return record.length();
    }

    @Override
    public int access() {
        boolean write = record.kind() == TraceKind.WRITE_DMA || record.has(DmaRecord.WRITE);
        return (write ? Access.WRITE : Access.READ)
                | (record.has(DmaRecord.EXECUTE) ? Access.INSTRUCTION : 0)
                | (record.has(DmaRecord.PRIVILEGED) ? Access.PRIVILEGED : 0);
    }

    @Override
    public boolean last() {
        return record.has(DmaRecord.LAST);
    }

    @Override
    public int group() {
        return record.group();
    }

    /** @throws org.iommuemu.capture.InputException if the driver cannot do what a record says */
    @Override
    public void execute() {
        int pasid = record.pasid() == DmaRecord.NO_PASID ? IommuDriver.NO_PASID : record.pasid();
        try {
            switch (record.kind()) {
                case MAP ->
                    driver.map(
                            record.stream(),
                            pasid,
                            record.iova(),
                            record.address(),
                            record.length(),
                            record.pageShift(),
                            permissions());
                case UNMAP -> driver.unmap(record.stream(), pasid, record.iova(), record.length(), record.pageShift());
                default -> driver.invalidate(record.stream(), pasid, record.iova(), record.length());
            }
        } catch (IllegalArgumentException e) {
            String[] parts = String.valueOf(e.getMessage()).split(", expected ", 2);
            throw trace.wrong(parts[0], parts[parts.length - 1]);
        }
    }

    private int permissions() {
        return (record.has(DmaRecord.READ) ? IommuDriver.READ : 0)
                | (record.has(DmaRecord.WRITE) ? IommuDriver.WRITE : 0)
                | (record.has(DmaRecord.EXECUTE) ? IommuDriver.EXECUTE : 0)
                | (record.has(DmaRecord.PRIVILEGED) ? IommuDriver.PRIVILEGED : 0);
    }
}
