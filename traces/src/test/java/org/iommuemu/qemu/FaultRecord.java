// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * A fault record.
 *
 * @param words as recorded
 * @param kind event number, or fault reason
 * @param address the input address in it
 */
record FaultRecord(long[] words, int kind, long address) {
    String text() {
        return Integer.toHexString(kind) + "h["
                + LongStream.of(words).mapToObj(Long::toHexString).collect(Collectors.joining(" ")) + "]";
    }

    boolean sameAs(FaultRecord other) {
        return Arrays.equals(words, other.words);
    }
}
