// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.Map;

/** What a machine of one architecture counts, by the architecture's names. Maps have what occurred, in order. */
interface MachineCounts {
    /** The architecture's number for a level of tables. */
    int level(int height);

    /** Configuration structures read. */
    long structureReads();

    /** Commands consumed. */
    Map<String, Long> commands();

    /** Fault records made. */
    Map<String, Long> events();

    /** The interrupt line that tells of them. */
    String eventLine();

    /** What else it counts. */
    Map<String, Long> others();
}
