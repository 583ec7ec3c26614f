// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/**
 * A link as its two ends have configured it, and how many bytes of it a TLP takes.
 *
 * @param generation data rate
 * @param lanes 1, 2, 4, 8 or 16
 * @param maxPayload Max_Payload_Size, 128 to 4,096 bytes
 * @param maxReadRequest Max_Read_Request_Size, 128 to 4,096 bytes
 * @param readCompletionBoundary 64 or 128 bytes
 * @param wideAddresses whether memory requests carry 64-bit addresses
 * @param ecrc whether TLPs end in an ECRC
 */
public record LinkParameters(
        LinkGeneration generation,
        int lanes,
        int maxPayload,
        int maxReadRequest,
        int readCompletionBoundary,
        boolean wideAddresses,
        boolean ecrc) {
    /** Framing 2, sequence number 2, LCRC 4. */
    private static final int DATA_LINK_BYTES = 8;

    private static final int TLP_HEADER_BYTES = 4;
    private static final int NARROW_REQUEST_BYTES = 8;
    private static final int WIDE_REQUEST_BYTES = 12;
    private static final int COMPLETION_BYTES = 8;
    private static final int MESSAGE_BYTES = 12;
    private static final int PREFIX_BYTES = 4;
    private static final int ECRC_BYTES = 4;

    /** An Ack or UpdateFC DLLP: framing 2, content 4, CRC 2. */
    private static final int DLLP_BYTES = 8;

    private static final int SKIP_BYTES = 4;
    private static final int SKIP_INTERVAL = 1538;

    /** The TLP overhead that the specification's formula assumes, in symbols. */
    private static final int ASSUMED_OVERHEAD = 28;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the parameter, its value and what is legal
     */
    public LinkParameters {
        check(Integer.bitCount(lanes) == 1 && lanes <= 16, "lanes", lanes, "1, 2, 4, 8 or 16");
        checkSize("maxPayload", maxPayload);
        checkSize("maxReadRequest", maxReadRequest);
        check(
                readCompletionBoundary == 64 || readCompletionBoundary == 128,
                "readCompletionBoundary",
                readCompletionBoundary,
                "64 or 128");
    }

    private static void checkSize(String name, int bytes) {
        check(
                Integer.bitCount(bytes) == 1 && bytes >= 128 && bytes <= 4096,
                name,
                bytes,
                "a power of two from 128 to 4096");
    }

    private static void check(boolean holds, String name, int value, String legal) {
        if (!holds) {
            throw new IllegalArgumentException(name + " is " + value + ", expected " + legal);
        }
    }

    /** 64-bit addresses, no ECRC, completions cut at 64 bytes. */
    public static LinkParameters of(LinkGeneration generation, int lanes, int maxPayload, int maxReadRequest) {
        return new LinkParameters(generation, lanes, maxPayload, maxReadRequest, 64, true, false);
    }

    /** The same with another Read Completion Boundary. */
    public LinkParameters withReadCompletionBoundary(int bytes) {
        return new LinkParameters(generation, lanes, maxPayload, maxReadRequest, bytes, wideAddresses, ecrc);
    }

    /** Bits per second of all lanes after the line code. */
    public double rawBitsPerSecond() {
        return lanes * generation.laneBitsPerSecond();
    }

    /**
     * Bits per second that TLPs get of a direction that also carries the Ack and UpdateFC DLLPs of the other at the rate the
     * specification recommends, and SKP ordered sets.
     */
    public double tlpBitsPerSecond() {
        double dllps = 2.0 * DLLP_BYTES / acknowledgeLimit();
        return rawBitsPerSecond() * (1 - dllps - (double) SKIP_BYTES / SKIP_INTERVAL);
    }

    /** Symbol times within which a TLP is to be acknowledged, and credits are to be updated (Base Specification §3.5.3.1, §2.6.1.2). */
    int acknowledgeLimit() {
        return (int) ((maxPayload + ASSUMED_OVERHEAD) * acknowledgeFactor() / lanes) + generation.internalDelay();
    }

    /** How many TLPs of full size may go by before one is acknowledged. */
    private double acknowledgeFactor() {
        if (maxPayload >= 512) {
            return lanes == 16 ? 2 : 1;
        }
        return lanes == 16 ? 3 : lanes == 8 ? 2.5 : 1.4;
    }

    /**
     * Bytes on the wire of a TLP. The address type (AT) is in the header and takes none.
     *
     * @param data bytes of payload
     * @param pasid whether it carries a PASID TLP prefix
     */
    public int tlpBytes(TlpKind kind, int data, boolean pasid) {
        int header = switch (kind.header()) {
            case REQUEST -> wideAddresses ? WIDE_REQUEST_BYTES : NARROW_REQUEST_BYTES;
            case COMPLETION -> COMPLETION_BYTES;
            case MESSAGE -> MESSAGE_BYTES;
        };
        return framedBytes() + header + data + (pasid ? PREFIX_BYTES : 0);
    }

    private int framedBytes() {
        return DATA_LINK_BYTES + TLP_HEADER_BYTES + (ecrc ? ECRC_BYTES : 0);
    }
}
