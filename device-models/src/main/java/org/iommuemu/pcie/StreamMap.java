// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** Which stream of the IOMMU a function is, by its requester id, and the other way round. */
public interface StreamMap {
    /** No stream, or no requester. */
    int NONE = -1;

    /** VT-d, and an SMMU whose firmware maps ids one to one. */
    StreamMap IDENTITY = new StreamMap() {
        @Override
        public int streamOf(int requester) {
            return requester;
        }

        @Override
        public int requesterOf(int stream) {
            return stream;
        }
    };

    /** The StreamID of a requester id, or {@link #NONE}. */
    int streamOf(int requester);

    /** The requester id of a StreamID, or {@link #NONE}. */
    int requesterOf(int stream);
}
