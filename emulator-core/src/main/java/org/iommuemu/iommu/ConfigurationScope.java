// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * Which contexts an invalidation of configuration names: by stream and substream, and by group.
 *
 * @param streamId a StreamID
 * @param ignored bits of it that do not matter; −1 for any stream
 * @param substreamId a SubstreamID, {@link Transaction#NO_SUBSTREAM}, or {@link ConfigurationCache#ANY_SUBSTREAM}
 * @param groupMask bits of {@link TranslationContext#group()} that matter; 0 for any
 * @param group their value
 */
record ConfigurationScope(int streamId, int ignored, int substreamId, long groupMask, long group) {
    static final ConfigurationScope EVERYTHING = new ConfigurationScope(0, -1, ConfigurationCache.ANY_SUBSTREAM, 0, 0);

    static ConfigurationScope ofGroup(long mask, long value) {
        return new ConfigurationScope(0, -1, ConfigurationCache.ANY_SUBSTREAM, mask, value);
    }

    boolean names(int stream, int substream, long contextGroup) {
        return ((stream ^ streamId) & ~ignored) == 0
                && (substreamId == ConfigurationCache.ANY_SUBSTREAM || substreamId == substream)
                && (contextGroup & groupMask) == group;
    }

    String text(TagNames names) {
        if (groupMask != 0) {
            return names.group(groupMask, group);
        }
        String stream = ignored == -1 ? "every stream" : String.format("stream 0x%x", streamId);
        String range = ignored == 0 || ignored == -1 ? "" : String.format(" but for bits 0x%x", ignored);
        String substream = substreamId == ConfigurationCache.ANY_SUBSTREAM
                ? ""
                : substreamId == Transaction.NO_SUBSTREAM
                        ? " without a substream"
                        : String.format(" substream 0x%x", substreamId);
        return stream + range + substream;
    }
}
