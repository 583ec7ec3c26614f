// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.time.RandomStream;

/** What programs for {@link PageRequestWorld} are made of. */
final class PageRequestSteps {
    private PageRequestSteps() {}

    /** A function sends a group. */
    record Ask(int function, int pasid, int index, int pages) implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.request(function, pasid, index, pages + 1);
        }
    }

    /** A function sends many groups. */
    record AskMuch(int function, int pasid, int groups) implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            for (int i = 0; i < groups; i++) {
                w.request(function, pasid, i, 3);
            }
        }
    }

    /** A function sends a Stop Marker. */
    record Marker(int function, int pasid) implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.marker(function, pasid);
        }
    }

    /** The next Page Request is lost. */
    record LoseRequest() implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.loseRequest();
        }
    }

    /** The next PRG Response is lost. */
    record LoseResponse() implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.loseResponse();
        }
    }

    /** The next interrupt is lost. */
    record LoseInterrupt() implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.loseInterrupt();
        }
    }

    /** Software takes a PASID away. */
    record Unbind(int function, int pasid) implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.unbind(function, pasid);
        }
    }

    /** Software looks at the queue without having been interrupted. */
    record Take() implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.takePageRequests();
        }
    }

    /** Time goes by. */
    record Wait(int nanoseconds) implements Step<PageRequestWorld> {
        @Override
        public void run(PageRequestWorld w) {
            w.pass(nanoseconds);
        }
    }

    static List<Step<PageRequestWorld>> random(long seed, int count) {
        RandomStream r = new RandomStream(seed);
        List<Step<PageRequestWorld>> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(step(r));
        }
        return steps;
    }

    private static Step<PageRequestWorld> step(RandomStream r) {
        int kind = (int) r.nextBelow(100);
        int function = (int) r.nextBelow(PageRequestWorld.FUNCTIONS);
        int pasid = (int) r.nextBelow(PageRequestWorld.PASIDS);
        if (kind < 50) {
            return new Ask(function, pasid, (int) r.nextBelow(16), (int) r.nextBelow(4));
        } else if (kind < 84) {
            return new Wait((int) r.nextBelow(4_000));
        } else if (kind < 87) {
            return new Marker(function, pasid);
        } else if (kind < 90) {
            return new LoseRequest();
        } else if (kind < 93) {
            return new LoseResponse();
        } else if (kind < 95) {
            return new LoseInterrupt();
        } else if (kind < 97) {
            return new Unbind(function, pasid);
        } else if (kind < 99) {
            return new Take();
        }
        return new AskMuch(function, pasid, (int) r.nextBelow(PageRequestWorld.GROUPS));
    }
}
