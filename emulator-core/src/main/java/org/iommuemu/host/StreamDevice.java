// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** What a driver does for one stream. */
interface StreamDevice {
    void map(int pasid, long iova, long physical, long bytes, int pageShift, int permissions);

    void unmap(int pasid, long iova, long bytes, int pageShift);

    void invalidate(int pasid, long iova, long bytes);

    /** Makes an address space. */
    void bind(int pasid);

    /** Whether there is an address space. */
    boolean isBound(int pasid);

    /**
     * Takes an address space away, so that no translation of it is left.
     *
     * @return what it was tagged with, to be {@link #release released} once none of its page requests is left
     */
    int unbind(int pasid);

    /** Frees what an address space was tagged with. */
    void release(int id);

    /** Lets the device use ATS, or no longer. */
    void ats(boolean on);

    /** Lets the device ask for pages, or no longer. */
    void pageRequests(boolean on);

    int addressSpaces();
}
