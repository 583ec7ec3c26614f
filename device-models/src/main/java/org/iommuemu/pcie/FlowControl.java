// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/**
 * The flow-control credits that the two ends of a link have advertised (PCIe Base Specification §2.6). Of what the model sends
 * upwards, none is a completion, and downwards none is a non-posted request.
 *
 * @param postedUp for writes and messages of the device
 * @param nonPostedUp for its reads, AtomicOps and Translation Requests
 * @param postedDown for messages to the device
 * @param completionsDown for completions to the device, which advertises infinite ones if it keeps to the specification
 * @param update from the moment at which the receiver has drained a TLP until its credits can be used again, in ps
 */
public record FlowControl(Pool postedUp, Pool nonPostedUp, Pool postedDown, Pool completionsDown, long update) {
    /** Bytes of data for one credit. */
    public static final int UNIT = 16;

    /** Nobody waits. */
    public static final FlowControl INFINITE =
            new FlowControl(Pool.INFINITE, Pool.INFINITE, Pool.INFINITE, Pool.INFINITE, 0);

    /** Checks the range. */
    public FlowControl {
        if (update < 0) {
            throw new IllegalArgumentException("time until credits are back must not be negative");
        }
    }

    /**
     * The credits of one kind.
     *
     * @param headers one for each TLP; 0 for infinite
     * @param data one for each {@link #UNIT} bytes; 0 for infinite
     */
    public record Pool(int headers, int data) {
        /** Never used up. */
        public static final Pool INFINITE = new Pool(0, 0);

        /** Checks the ranges. */
        public Pool {
            if (headers < 0 || data < 0) {
                throw new IllegalArgumentException("credits must not be negative");
            }
        }
    }
}
