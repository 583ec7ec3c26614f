// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.HashSet;
import java.util.Set;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.smmuv3.spec.Command;

/** Invalidate Requests out, and what is still to be answered before a SYNC completes (IHI 0070 §3.9.1.4, §4.5.1). */
final class AtcInvalidations {
    /** More than this many unanswered requests hold the command queue up. */
    static final int MOST_OUTSTANDING = 1 << 16;

    private static final int PAGE_SHIFT = 12;
    private static final int EVERYTHING = 64;

    private final Set<Long> outstanding = new HashSet<>();
    private DevicePort port = DevicePort.NONE;
    private boolean timedOut;
    private long sent;
    private long timeouts;

    void connect(DevicePort devices) {
        port = devices;
    }

    /** Sends what a CMD_ATC_INV asks for. */
    void send(long word0, long word1) {
        boolean pasid = Command.SSV.isSet(word0);
        int shift = PAGE_SHIFT + Command.ATC_SIZE.getInt(word1);
        long address = shift >= EVERYTHING ? 0 : Command.ADDRESS.inPlace(word1) & -(1L << shift);
        AtcInvalidation request = new AtcInvalidation(
                sent++,
                Command.SID.getInt(word0),
                pasid ? Command.SSID.getInt(word0) : Transaction.NO_SUBSTREAM,
                pasid && Command.ATC_GLOBAL.isSet(word0),
                address,
                Math.min(EVERYTHING, shift));
        // It is outstanding before it is sent, as the answer may come from within.
        outstanding.add(request.ticket());
        switch (port.invalidate(request)) {
            case ENDED -> outstanding.remove(request.ticket());
            case TIMED_OUT -> ended(request.ticket(), false);
            case PENDING -> {}
        }
    }

    /** Takes an answer, or that there will be none; false if nobody waits for it. */
    boolean ended(long ticket, boolean answered) {
        if (!outstanding.remove(ticket)) {
            return false;
        }
        if (!answered) {
            timedOut = true;
            timeouts++;
        }
        return true;
    }

    /** Whether a SYNC has to wait. */
    boolean isPending() {
        return !outstanding.isEmpty();
    }

    /** Whether another request has to wait. */
    boolean isFull() {
        return outstanding.size() >= MOST_OUTSTANDING;
    }

    /** Whether a request timed out since this was last asked: the SYNC that asks fails, the next one does not. */
    boolean takeTimeout() {
        boolean was = timedOut;
        timedOut = false;
        return was;
    }

    /** Forgets what is outstanding; answers that still come are ignored. */
    void reset() {
        outstanding.clear();
        timedOut = false;
    }

    /** Requests sent so far. */
    long sent() {
        return sent;
    }

    /** Requests that were not answered in time. */
    long timeouts() {
        return timeouts;
    }
}
