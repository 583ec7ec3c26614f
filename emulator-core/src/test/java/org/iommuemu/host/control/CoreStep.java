// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.time.RandomStream;

/**
 * A step of a random program over the core. What makes no sense where it comes does nothing.
 *
 * @param a which device, process or domain, as the kind has it
 * @param b which PASID, process, domain or page
 * @param c which page, group or number
 */
record CoreStep(Kind kind, int a, int b, int c) {
    /** Kinds of steps, with how many in a hundred or so there are. */
    enum Kind {
        ENABLE(4),
        DISABLE(1),
        START(3),
        EXIT(2),
        BIND(9),
        UNBIND(6),
        ALLOCATE(3),
        FREE(2),
        ATTACH(6),
        REPLACE(3),
        DETACH(3),
        MAP(4),
        UNMAP(4),
        TOUCH(4),
        PROTECT(2),
        DISCARD(3),
        DMA(10),
        LATE_DMA(6),
        PREFETCH(8),
        ASK(8),
        RESPOND(3),
        SLOW(1),
        PASS(5);

        private final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    /** How many there are of what the three numbers say. */
    static final int MANY = 6;

    static CoreStep random(RandomStream r) {
        int total = 0;
        for (Kind k : Kind.values()) {
            total += k.weight;
        }
        int at = (int) r.nextBelow(total);
        int index = 0;
        while (at >= Kind.values()[index].weight) {
            at -= Kind.values()[index++].weight;
        }
        Kind kind = Kind.values()[index];
        return new CoreStep(kind, (int) r.nextBelow(MANY), (int) r.nextBelow(MANY), (int) r.nextBelow(MANY));
    }
}
