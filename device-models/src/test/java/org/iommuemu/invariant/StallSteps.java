// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.time.RandomStream;

/** What programs for {@link StallWorld} are made of. */
final class StallSteps {
    private StallSteps() {}

    /** A master accesses a page, of a stream that may not exist. */
    record Access(int stream, int page, boolean write) implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.access(stream, page, write);
        }
    }

    /** Software maps a page. */
    record MapPage(int stream, int page, boolean writable) implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.tables().map(stream, page, writable);
        }
    }

    /** Software unmaps a page, and invalidates. */
    record Unmap(int stream, int page) implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.tables().unmap(stream, page);
        }
    }

    /** Software takes events. */
    record TakeEvents() implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.takeEvents();
        }
    }

    /** Software answers an event that it has taken: 0 again, 1 without effect, 2 abort. */
    record Resume(int which, int action) implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.resume(which, action);
        }
    }

    /** Software answers what nobody has asked. */
    record ResumeForged(int stream, int tag, int action) implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.resumeForged(stream, tag, action);
        }
    }

    /** Software ends what is stalled of a stream. */
    record Terminate(int stream) implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.terminate(stream);
        }
    }

    /** Software switches the SMMU off and on. */
    record Restart() implements Step<StallWorld> {
        @Override
        public void run(StallWorld w) {
            w.restart();
        }
    }

    static List<Step<StallWorld>> random(long seed, int count) {
        RandomStream r = new RandomStream(seed);
        List<Step<StallWorld>> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(step(r));
        }
        return steps;
    }

    private static Step<StallWorld> step(RandomStream r) {
        int kind = (int) r.nextBelow(100);
        int stream = (int) r.nextBelow(StallWorld.STREAMS);
        int page = (int) r.nextBelow(StallWorld.PAGES);
        int action = (int) r.nextBelow(3);
        boolean one = r.nextBelow(2) == 0;
        if (kind < 40) {
            return new Access(r.nextBelow(8) == 0 ? StallWorld.STREAMS : stream, page, one);
        } else if (kind < 52) {
            return new MapPage(stream, page, one);
        } else if (kind < 62) {
            return new Unmap(stream, page);
        } else if (kind < 75) {
            return new TakeEvents();
        } else if (kind < 92) {
            return new Resume((int) r.nextBelow(4), action);
        } else if (kind < 95) {
            return new ResumeForged(stream, (int) r.nextBelow(StallWorld.MOST_STALLED + 1), action);
        }
        return kind < 98 ? new Terminate(stream) : new Restart();
    }
}
