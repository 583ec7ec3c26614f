// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import org.iommuemu.time.RandomStream;

/** Counts what matches, and says what is hit. */
final class OccasionCounter {
    private final Occasion occasion;
    private final RandomStream random;
    private long seen;
    private long hits;

    OccasionCounter(Occasion occasion, RandomStream random) {
        this.occasion = occasion;
        this.random = random;
    }

    /** One more matches, now; returns whether it is hit. */
    boolean isHit(long now) {
        if (now < occasion.from() || now >= occasion.until()) {
            return false;
        }
        seen++;
        boolean turn = occasion.every() == 0
                ? seen == occasion.first()
                : seen >= occasion.first() && (seen - occasion.first()) % occasion.every() == 0;
        if (!turn
                || hits == occasion.most()
                || occasion.probability() < 1 && random.nextDouble() >= occasion.probability()) {
            return false;
        }
        hits++;
        return true;
    }
}
