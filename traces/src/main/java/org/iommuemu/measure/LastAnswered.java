// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

/** Of those that leave in one order, the one that was answered last so far: its successors wait for it. */
final class LastAnswered {
    private StreamCounts stream;
    private int outcome;

    /** Nobody yet; {@code nobody} takes the blame. */
    LastAnswered(StreamCounts nobody) {
        stream = nobody;
    }

    /** The next one is answered, and has waited for its predecessors or not. */
    void next(StreamCounts of, int how, long waited) {
        if (waited > 0) {
            stream.blame(outcome, waited);
        } else {
            stream = of;
            outcome = how;
        }
    }
}
