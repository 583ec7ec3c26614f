// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Microsoft, "Verifying the RSS hash calculation": their key, their packets, their hashes. */
class FlowHashTest {
    private static final byte[] KEY =
            HexFormat.of().parseHex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");

    @ParameterizedTest
    @CsvSource({
        "66.9.149.187, 2794, 161.142.100.80, 1766, 323e8fc2, 51ccc178",
        "199.92.111.2, 14230, 65.69.140.83, 4739, d718262a, c626b0ea",
        "24.19.198.95, 12898, 12.22.207.184, 38024, d2d0a5de, 5c2b394a",
        "38.27.205.30, 48228, 209.142.163.6, 2217, 82989176, afc7327f",
        "153.39.163.191, 44251, 202.188.127.2, 1303, 5d1809c5, 10e828a2"
    })
    void shouldHashAddressesAndPortsOfTcpAndAddressesAloneOfTheRest(
            String source, int from, String destination, int to, String addresses, String all) {
        byte[] tcp = packet(6, source, destination, from, to);
        byte[] other = packet(1, source, destination, from, to);

        int ofTcp = FlowHash.of(tcp, KEY);
        int ofOther = FlowHash.of(other, KEY);

        assertThat(Integer.toHexString(ofTcp)).isEqualTo(all);
        assertThat(Integer.toHexString(ofOther)).isEqualTo(addresses);
    }

    private static byte[] packet(int protocol, String source, String destination, int from, int to) {
        ByteBuffer b = ByteBuffer.allocate(60);
        b.putShort(12, (short) 0x0800).put(14, (byte) 0x45).put(23, (byte) protocol);
        b.position(26)
                .put(address(source))
                .put(address(destination))
                .putShort((short) from)
                .putShort((short) to);
        return b.array();
    }

    private static byte[] address(String dotted) {
        byte[] out = new byte[4];
        String[] parts = dotted.split("\\.");
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) Integer.parseInt(parts[i]);
        }
        return out;
    }
}
