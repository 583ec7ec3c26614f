// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * A PRG Response message to a device (PCIe base specification, chapter 10; IHI 0070 §8.3).
 *
 * @param streamId whom it goes to
 * @param substreamId PASID, or {@link Transaction#NO_SUBSTREAM}
 * @param group index of the page request group that it answers, 9 bits
 * @param code what it says
 */
public record PageResponse(int streamId, int substreamId, int group, Code code) {
    /** What a response says. */
    public enum Code {
        /** The pages are there. */
        SUCCESS(0),
        /** One or more pages do not exist, or not with the access asked for. */
        INVALID(1),
        /** Nothing can be answered; the device's page request interface is to be stopped. */
        FAILURE(0xF);

        private final int encoding;

        Code(int encoding) {
            this.encoding = encoding;
        }

        /** The Response Code field of the message. */
        public int encoding() {
            return encoding;
        }
    }
}
