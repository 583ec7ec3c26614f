// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/**
 * What a function is made with, as its configuration space shows it.
 *
 * @param vectors of MSI-X, 1 to 2,048; 0 for none
 * @param vectorBar BAR of its own in which the MSI-X table is, 32 bits wide
 * @param ats whether it has the ATS capability
 * @param invalidateQueueDepth Invalidate Requests that it takes, 1 to 32
 * @param globalInvalidate whether it knows Global Invalidate; only with PASID
 * @param pageRequests Outstanding Page Request Capacity; 0 for no PRI capability
 * @param responsePasid PRG Response PASID Required
 * @param pasidBits Max PASID Width, 0 to 20; -1 for no PASID capability
 * @param execute Execute Permission Supported
 * @param privileged Privileged Mode Supported
 * @param tags requests that it can have outstanding
 * @param timeout completion time-out that it uses in the default range, in ps
 */
public record FunctionDescription(
        int vectors,
        int vectorBar,
        boolean ats,
        int invalidateQueueDepth,
        boolean globalInvalidate,
        int pageRequests,
        boolean responsePasid,
        int pasidBits,
        boolean execute,
        boolean privileged,
        int tags,
        long timeout) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming what is out of range
     */
    public FunctionDescription {
        check(vectors >= 0 && vectors <= 2048, "vectors", vectors, "0 to 2048");
        check(vectorBar >= 0 && vectorBar < 6, "vectorBar", vectorBar, "0 to 5");
        check(invalidateQueueDepth >= 1 && invalidateQueueDepth <= 32, "queue depth", invalidateQueueDepth, "1 to 32");
        check(pageRequests >= 0, "pageRequests", pageRequests, "not to be negative");
        check(pasidBits >= -1 && pasidBits <= 20, "pasidBits", pasidBits, "-1 to 20");
        check(tags >= 1, "tags", tags, "at least 1");
        check(timeout > 0, "timeout", timeout, "more than 0");
    }

    private static void check(boolean holds, String name, long value, String legal) {
        if (!holds) {
            throw new IllegalArgumentException(name + " is " + value + ", expected " + legal);
        }
    }

    /** A function with all capabilities, and its MSI-X table in BAR 5. */
    public static FunctionDescription standard(int tags, long timeout) {
        return new FunctionDescription(64, 5, true, 32, true, 256, true, 20, true, true, tags, timeout);
    }

    /** The same with none of ATS, PRI and PASID. */
    public FunctionDescription withoutAts() {
        return new FunctionDescription(
                vectors, vectorBar, false, invalidateQueueDepth, false, 0, false, -1, false, false, tags, timeout);
    }

    /** The same with another Outstanding Page Request Capacity. */
    public FunctionDescription withPageRequests(int capacity) {
        return new FunctionDescription(
                vectors,
                vectorBar,
                ats,
                invalidateQueueDepth,
                globalInvalidate,
                capacity,
                responsePasid,
                pasidBits,
                execute,
                privileged,
                tags,
                timeout);
    }
}
