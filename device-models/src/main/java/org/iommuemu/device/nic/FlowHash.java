// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.util.Arrays;
import org.iommuemu.device.nic.spec.NicRegisters;

/**
 * The hash of receive-side scaling: Toeplitz over source and destination address, and ports where there are any, of IPv4 (Microsoft,
 * "RSS hashing types": NDIS_HASH_TCP_IPV4, NDIS_HASH_UDP_IPV4, NDIS_HASH_IPV4).
 */
final class FlowHash {
    private static final int TYPE_AT = 12;
    private static final int IPV4 = 0x0800;
    private static final int IP_AT = 14;
    private static final int IP_BYTES = 20;
    private static final int FRAGMENT_AT = IP_AT + 6;
    private static final int FRAGMENTED = 0x3FFF;
    private static final int PROTOCOL_AT = IP_AT + 9;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ADDRESSES_AT = IP_AT + 12;
    private static final int ADDRESSES_BYTES = 8;
    private static final int PORTS_BYTES = 4;

    private FlowHash() {}

    /** The hash of a packet; 0 if it is none of IPv4. */
    static int of(byte[] packet, byte[] key) {
        if (packet.length < IP_AT + IP_BYTES || half(packet, TYPE_AT) != IPV4 || (packet[IP_AT] & 0xF0) != 0x40) {
            return 0;
        }
        int header = (packet[IP_AT] & 0xF) * 4;
        boolean whole = (half(packet, FRAGMENT_AT) & FRAGMENTED) == 0;
        boolean ports = whole && (packet[PROTOCOL_AT] == TCP || packet[PROTOCOL_AT] == UDP);
        if (!ports || header < IP_BYTES || packet.length < IP_AT + header + PORTS_BYTES) {
            return toeplitz(Arrays.copyOfRange(packet, ADDRESSES_AT, ADDRESSES_AT + ADDRESSES_BYTES), key);
        }
        byte[] input = Arrays.copyOfRange(packet, ADDRESSES_AT, ADDRESSES_AT + ADDRESSES_BYTES + PORTS_BYTES);
        System.arraycopy(packet, IP_AT + header, input, ADDRESSES_BYTES, PORTS_BYTES);
        return toeplitz(input, key);
    }

    private static int half(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) << Byte.SIZE | bytes[at + 1] & 0xFF;
    }

    /** For every bit of the input that is set, the 32 bits of the key that begin at that bit. */
    static int toeplitz(byte[] input, byte[] key) {
        long window = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            window = window << Byte.SIZE | key[i] & 0xFF;
        }
        int hash = 0;
        for (int i = 0; i < input.length; i++) {
            window = window << Byte.SIZE | key[(i + Integer.BYTES) % NicRegisters.KEY_BYTES] & 0xFF;
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                if ((input[i] >>> Byte.SIZE - 1 - bit & 1) != 0) {
                    hash ^= (int) (window >>> Byte.SIZE - bit);
                }
            }
        }
        return hash;
    }
}
