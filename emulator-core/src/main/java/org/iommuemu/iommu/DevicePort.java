// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** What an IOMMU tells the devices behind it. How the one that is meant is found is the port's affair. */
public interface DevicePort {
    /** What became of an Invalidate Request so far. */
    enum Invalidation {
        /** The device has completed it, or refused it (UR), which ends it as well. */
        ENDED,
        /** The device will complete it: {@link Iommu#invalidationEnded} follows. */
        PENDING,
        /** The device did not answer in time. */
        TIMED_OUT
    }

    /** No devices that know ATS or PRI, or could wait. */
    DevicePort NONE = new DevicePort() {
        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            return Invalidation.ENDED;
        }

        @Override
        public void respond(PageResponse response) {}

        @Override
        public boolean canStall(int streamId) {
            return false;
        }

        @Override
        public void resumed(long ticket, Transaction transaction, Verdict verdict) {}
    };

    /** Sends an Invalidate Request. */
    Invalidation invalidate(AtcInvalidation request);

    /** Sends a PRG Response. */
    void respond(PageResponse response);

    /** Whether a stream's transactions can wait for software; those of PCIe devices cannot. */
    boolean canStall(int streamId);

    /**
     * Ends a transaction that was {@link Verdict.Status#STALLED}.
     *
     * @param ticket the number from its verdict
     * @param transaction as it was when it was held back; not to be kept
     * @param verdict how it ends; not to be kept
     */
    void resumed(long ticket, Transaction transaction, Verdict verdict);
}
