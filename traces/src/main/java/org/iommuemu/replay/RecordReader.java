// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

/** Takes fault records off a machine as a driver does. */
public interface RecordReader {
    /**
     * Takes all waiting records.
     *
     * @return how many there were; {@link #last()} is the last of them
     */
    int drain();

    /** The last record taken; the array is used again. */
    long[] last();
}
