// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.util.ArrayList;
import java.util.List;

/**
 * Streams for calls that name no device. A map goes to the first one where its range is free: so there are as many as have a range mapped
 * at once, and nothing is mapped twice. Which of them a device is, is not known, unless there is only one.
 */
final class UnnamedDevices {
    private static final int NONE = -1;

    private final AddressSpaces spaces;
    private final boolean given;
    private final List<Integer> streams = new ArrayList<>();

    /**
     * Streams to choose from.
     *
     * @param first StreamID of the first, or {@link ImportOptions#UNKNOWN}: devices as they are attached
     */
    UnnamedDevices(AddressSpaces spaces, long first) {
        this.spaces = spaces;
        given = first != ImportOptions.UNKNOWN;
        if (given) {
            streams.add((int) first);
        }
    }

    /** A device of the trace. */
    void attached(int stream) {
        if (!given && !streams.contains(stream)) {
            streams.add(stream);
        }
    }

    /** The first stream that has nothing in a range. */
    int free(long iova, long bytes) {
        for (int stream : streams) {
            if (!spaces.touches(stream, iova, bytes)) {
                return stream;
            }
        }
        int next = streams.stream().mapToInt(s -> s).max().orElse(NONE) + 1;
        streams.add(next);
        return next;
    }

    /** The streams that have something in a range. */
    List<Integer> owners(long iova, long bytes) {
        return streams.stream().filter(s -> spaces.touches(s, iova, bytes)).toList();
    }
}
