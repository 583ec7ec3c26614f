// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.List;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Waiter;

/**
 * A link in time: both directions carry TLPs one behind the other at the rate that DLLPs leave, and each TLP arrives a propagation
 * time after its last byte has gone. All times in ps.
 */
public final class PcieLink {
    private final LinkParameters parameters;
    private final long propagation;
    private final int completionBytes;
    private final Bandwidth up;
    private final Bandwidth down;
    private final Waiter writes;
    private final Waiter requests;
    private final Waiter completions;

    /**
     * An idle link.
     *
     * @param parameters as configured
     * @param propagation one way, in ps, with what the ports take
     * @param completionBytes how much data the root complex puts into one completion at most
     */
    public PcieLink(LinkParameters parameters, long propagation, int completionBytes) {
        this.parameters = parameters;
        this.propagation = propagation;
        this.completionBytes = Math.min(completionBytes, parameters.maxPayload());
        ByteRate rate = ByteRate.bitsPerSecond(Math.round(parameters.tlpBitsPerSecond()));
        up = new Bandwidth("link up", rate);
        down = new Bandwidth("link down", rate);
        writes = up.waiter("writes");
        requests = up.waiter("read requests");
        completions = down.waiter("completions");
    }

    /** Sends a write of any length from the device; returns when its last TLP is at the root complex. */
    public long write(long at, int bytes) {
        long end = at;
        for (int sent = 0; sent < bytes; sent += parameters.maxPayload()) {
            int payload = Math.min(parameters.maxPayload(), bytes - sent);
            end = up.transfer(writes, at, parameters.writeTlpBytes(payload));
        }
        return end + propagation;
    }

    /** Sends what asks for a read of any length; returns when the last request is at the root complex. */
    public long requestRead(long at, int bytes) {
        long end = at;
        for (int asked = 0; asked < bytes; asked += parameters.maxReadRequest()) {
            end = up.transfer(requests, at, parameters.readTlpBytes());
        }
        return end + propagation;
    }

    /** Sends the data of a read from the root complex; returns when the last completion is at the device. */
    public long complete(long at, int bytes) {
        long end = at;
        for (int sent = 0; sent < bytes; sent += completionBytes) {
            int data = Math.min(completionBytes, bytes - sent);
            end = down.transfer(completions, at, parameters.completionTlpBytes(data));
        }
        return end + propagation;
    }

    /** Both directions. */
    public List<Resource> resources() {
        return List.of(up, down);
    }
}
