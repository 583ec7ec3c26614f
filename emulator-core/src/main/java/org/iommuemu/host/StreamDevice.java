// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** What a driver does for one stream. */
interface StreamDevice {
    void map(int pasid, long iova, long physical, long bytes, int pageShift, int permissions);

    void unmap(int pasid, long iova, long bytes, int pageShift);

    void invalidate(int pasid, long iova, long bytes);

    int addressSpaces();
}
