// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.jspecify.annotations.Nullable;

/**
 * What became of a transaction. Reusable, like {@link Transaction}. When the verdict is not {@link Status#OK}, whatever record
 * the architecture wants has been written already.
 */
public final class Verdict {
    /** How a transaction ended. */
    public enum Status {
        /** It goes on, to {@link Verdict#address()}. */
        OK,
        /** An error response. */
        ABORT,
        /** A successful response without effect: reads get zero, writes are dropped. */
        READ_ZERO_WRITE_IGNORED,
        /** No response yet: software decides, and {@link DevicePort#resumed} tells. {@link Verdict#ticket()} is its number. */
        STALLED
    }

    private Status status = Status.ABORT;
    private long address;
    private int pageShift;
    private long attributes;
    private @Nullable Rule rule;
    private long ticket;

    /** Lets the transaction go on. */
    public void ok(long output, int log2PageSize, long memoryAttributes) {
        address = output;
        pageShift = log2PageSize;
        attributes = memoryAttributes;
        // Mostly it says so already, and a test costs less than the garbage collector's barrier of a store.
        if (status != Status.OK) {
            status = Status.OK;
            rule = null;
        }
    }

    /** Ends the transaction. */
    public void end(Status how, Rule why) {
        status = how;
        address = 0;
        pageShift = 0;
        attributes = 0;
        rule = why;
    }

    /** Holds the transaction back. */
    public void stall(long number, Rule why) {
        end(Status.STALLED, why);
        ticket = number;
    }

    /** Makes this a copy of another verdict. */
    public void set(Verdict other) {
        status = other.status;
        address = other.address;
        pageShift = other.pageShift;
        attributes = other.attributes;
        rule = other.rule;
        ticket = other.ticket;
    }

    /** How it ended. */
    public Status status() {
        return status;
    }

    /** Whether the transaction goes on. */
    public boolean isOk() {
        return status == Status.OK;
    }

    /** Physical address of the first byte, if it goes on. */
    public long address() {
        return address;
    }

    /** log2 of the bytes around the address that translate alike, if it goes on. */
    public int pageShift() {
        return pageShift;
    }

    /** Memory attributes: the architecture's attribute byte in 7:0, shareability in 9:8. */
    public long attributes() {
        return attributes;
    }

    /** The number by which a {@link Status#STALLED} transaction is known, never used twice by one machine. */
    public long ticket() {
        return ticket;
    }

    /** The rule by which it was refused or held back, or null if it goes on. */
    public @Nullable Rule rule() {
        return rule;
    }
}
