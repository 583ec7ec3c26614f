// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.List;

/**
 * Streams by ranges of requester ids, as firmware tables give them (IORT ID mappings, the {@code iommu-map} of a device tree). A
 * requester id in no range has no stream: its requests are refused.
 */
public final class StreamRanges implements StreamMap {
    private static final int IDS = 1 << 16;

    /**
     * One range.
     *
     * @param segment of the requester ids
     * @param first requester id
     * @param length how many ids
     * @param stream the StreamID of the first; the others follow it
     */
    public record Range(int segment, int first, int length, long stream) {
        /**
         * Checks the limits.
         *
         * @throws IllegalArgumentException if ids do not fit into 16 bits, or StreamIDs into 32 without the last
         */
        public Range {
            if (segment < 0 || segment >= IDS || first < 0 || length < 1 || first + (long) length > IDS) {
                throw new IllegalArgumentException(String.format(
                        "requester ids %x with length %x of segment %x are not of 16 bits", first, length, segment));
            }
            if (stream < 0 || stream + length > 0xFFFF_FFFFL) {
                throw new IllegalArgumentException(
                        String.format("StreamIDs from %x with length %x are not of 32 bits", stream, length));
            }
        }

        private boolean meets(Range other) {
            boolean ids =
                    segment == other.segment && first < other.first + other.length && other.first < first + length;
            return ids || stream < other.stream + other.length && other.stream < stream + length;
        }
    }

    private final List<Range> ranges;

    /**
     * The map of one segment.
     *
     * @param all ranges of all segments of one IOMMU
     * @throws IllegalArgumentException if two ranges have an id in common
     */
    public StreamRanges(int segment, List<Range> all) {
        for (int i = 0; i < all.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (all.get(i).meets(all.get(j))) {
                    throw new IllegalArgumentException(all.get(i) + " and " + all.get(j) + " overlap");
                }
            }
        }
        ranges = all.stream().filter(r -> r.segment == segment).toList();
    }

    @Override
    public int streamOf(int requester) {
        for (Range r : ranges) {
            if (requester >= r.first && requester - r.first < r.length) {
                return (int) (r.stream + requester - r.first);
            }
        }
        return NONE;
    }

    @Override
    public int requesterOf(int stream) {
        long id = Integer.toUnsignedLong(stream);
        for (Range r : ranges) {
            if (id >= r.stream && id - r.stream < r.length) {
                return (int) (r.first + id - r.stream);
            }
        }
        return NONE;
    }
}
