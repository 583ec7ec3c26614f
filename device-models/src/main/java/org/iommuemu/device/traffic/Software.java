// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

/** What maps and unmaps pages for devices: a driver, seen from them. Takes effect when it returns. */
public interface Software {
    /** Everything is mapped already. */
    Software NOTHING = new Software() {
        @Override
        public void map(int pasid, long iova, long physical, long bytes, int pageShift) {}

        @Override
        public void unmap(int pasid, long iova, long bytes, int pageShift) {}
    };

    /** Maps pages, readable and writable. */
    void map(int pasid, long iova, long physical, long bytes, int pageShift);

    /** Unmaps pages, and makes sure that nothing holds them any more. */
    void unmap(int pasid, long iova, long bytes, int pageShift);
}
