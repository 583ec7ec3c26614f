// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PageRequestControl;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A function's page request interface: requests missing pages in groups, within its allocation, and hears what became of each group
 * (PCIe Base Specification §10.4).
 */
final class PageRequester implements PageRequestControl.Interface {
    /** Who is told. */
    interface Answers {
        /** Software says that the page is there. */
        void present(PageAccess p);

        /** It is not. */
        void absent(PageAccess p, DmaChannel.Status why);
    }

    private static final int GROUPS = 1 << 9;

    private final PciFunction function;
    private final PageRequestControl control;
    private final EventLoop loop;
    private final PageRequestParameters parameters;
    private final AtsStatistics statistics;
    private final Answers answers;
    private final @Nullable PageRequestGroup[] byIndex = new PageRequestGroup[GROUPS];
    private final ArrayDeque<PageRequestGroup> waiting = new ArrayDeque<>();
    private int nextIndex;
    private int groups;
    private int outstanding;
    private boolean failed;
    private boolean stopping;

    PageRequester(
            PciFunction function,
            EventLoop loop,
            PageRequestParameters parameters,
            AtsStatistics statistics,
            Answers answers) {
        this.function = function;
        this.loop = loop;
        control = function.controls().pageRequests();
        this.parameters = parameters;
        this.statistics = statistics;
        this.answers = answers;
    }

    /** Software has enabled the interface: a failure is forgotten. */
    @Override
    public void enabled() {
        failed = false;
        stopping = false;
    }

    @Override
    public boolean disabled() {
        next();
        stopping = outstanding > 0;
        return stopping;
    }

    /** Software has reset the interface, or the function was reset: all credits are back. */
    @Override
    public void reset() {
        failed = false;
        stopping = false;
        List<PageRequestGroup> all = clear();
        all.forEach(g -> tell(g, DmaChannel.Status.NO_PAGE));
    }

    /** Requests a missing page. */
    void request(PageAccess p) {
        int allocation = control.allocation();
        if (!control.isEnabled() || allocation == 0) {
            answers.absent(p, DmaChannel.Status.NO_PAGE);
            return;
        }
        PageRequestGroup same = serving(p);
        if (same != null) {
            statistics.count(Counter.PAGES_MERGED);
            same.waiters.add(p);
            return;
        }
        long most = Math.min(parameters.groupPages(), Integer.toUnsignedLong(allocation));
        PageRequestGroup g = new PageRequestGroup(p, (int) Math.min(most, p.pagesToEnd()));
        g.timer = timer(g);
        waiting.addLast(g);
        next();
        if (!waiting.isEmpty() && waiting.getLast().first == p) {
            statistics.count(Counter.GROUPS_HELD);
        }
    }

    private @Nullable PageRequestGroup serving(PageAccess p) {
        for (PageRequestGroup g : byIndex) {
            if (g != null && g.serves(p)) {
                return g;
            }
        }
        for (PageRequestGroup g : waiting) {
            if (g.serves(p)) {
                return g;
            }
        }
        return null;
    }

    /** A group needs all its credits before its first message. */
    private void next() {
        while (!waiting.isEmpty() && groups < GROUPS) {
            PageRequestGroup g = waiting.getFirst();
            if (!control.isEnabled()) {
                waiting.removeFirst();
                tell(g, DmaChannel.Status.NO_PAGE);
            } else if (g.isVain()) {
                waiting.removeFirst();
                loop.cancel(g.timer);
            } else if (outstanding + g.pages > Integer.toUnsignedLong(control.allocation())) {
                return;
            } else {
                waiting.removeFirst();
                send(g);
            }
        }
    }

    private void send(PageRequestGroup g) {
        while (byIndex[nextIndex] != null) {
            nextIndex = (nextIndex + 1) % GROUPS;
        }
        g.index = nextIndex;
        byIndex[g.index] = g;
        nextIndex = (nextIndex + 1) % GROUPS;
        groups++;
        outstanding += g.pages;
        statistics.count(Counter.GROUPS);
        statistics.add(Counter.PAGE_REQUESTS, g.pages);
        statistics.most(Counter.MOST_PAGE_REQUESTS, outstanding);
        loop.cancel(g.timer);
        g.timer = timer(g);
        for (int i = 0; i < g.pages; i++) {
            long page = g.first.page() + ((long) i << PageAccess.PAGE_SHIFT);
            message(g.first, page, i == g.pages - 1, g.index);
        }
    }

    private void message(PageAccess p, long page, boolean last, int index) {
        function.requester()
                .message(new Tlp.PageRequestMessage(new PageRequest(
                        function.id(),
                        p.pasid(),
                        page,
                        p.reads(),
                        p.writes(),
                        p.executes(),
                        p.isPrivileged(),
                        last,
                        index)));
    }

    private long timer(PageRequestGroup g) {
        return loop.schedule(loop.now() + parameters.responseTimeout(), (time, data) -> missed(g), 0);
    }

    /** A group has no response in time, or not even the credits to be sent, which responses give back. */
    private void missed(PageRequestGroup g) {
        statistics.add(Counter.RESPONSES_MISSING, waiting.remove(g) ? 0 : 1);
        g.stale = true;
        tell(g, DmaChannel.Status.TIMED_OUT);
    }

    private void tell(PageRequestGroup g, DmaChannel.Status why) {
        loop.cancel(g.timer);
        List<PageAccess> all = List.copyOf(g.waiters);
        g.waiters.clear();
        all.forEach(p -> answers.absent(p, why));
    }

    /** A PRG Response has come. */
    void responded(PageResponse r) {
        if (failed) {
            // Ignored until the interface is enabled again (§10.4.2.1).
            return;
        }
        if (r.code() == PageResponse.Code.FAILURE) {
            statistics.count(Counter.RESPONSES_FAILURE);
            fail();
            return;
        }
        PageRequestGroup g = byIndex[r.group()];
        if (g == null || !isFor(r, g)) {
            statistics.count(Counter.RESPONSES_UNEXPECTED);
            control.unexpectedGroup();
            return;
        }
        statistics.count(r.code() == PageResponse.Code.SUCCESS ? Counter.RESPONSES_SUCCESS : Counter.RESPONSES_INVALID);
        release(g);
        if (r.code() == PageResponse.Code.SUCCESS) {
            List<PageAccess> all = List.copyOf(g.waiters);
            all.forEach(answers::present);
        } else {
            tell(g, DmaChannel.Status.NO_PAGE);
        }
        next();
        if (stopping && outstanding == 0) {
            stopping = false;
            control.stopped();
        }
    }

    private boolean isFor(PageResponse r, PageRequestGroup g) {
        boolean none = r.substreamId() == Transaction.NO_SUBSTREAM;
        return none
                ? !control.isResponsePasidRequired() || g.first.pasid() == Transaction.NO_SUBSTREAM
                : r.substreamId() == g.first.pasid();
    }

    private void release(PageRequestGroup g) {
        loop.cancel(g.timer);
        byIndex[g.index] = null;
        groups--;
        outstanding -= g.pages;
    }

    private void fail() {
        failed = true;
        stopping = false;
        control.responseFailure();
        List<PageRequestGroup> all = clear();
        all.forEach(g -> tell(g, DmaChannel.Status.NO_PAGE));
    }

    private List<PageRequestGroup> clear() {
        List<PageRequestGroup> all = new ArrayList<>();
        for (int i = 0; i < GROUPS; i++) {
            PageRequestGroup g = byIndex[i];
            if (g != null) {
                release(g);
                all.add(g);
            }
        }
        waiting.forEach(g -> loop.cancel(g.timer));
        all.addAll(waiting);
        waiting.clear();
        return all;
    }

    /** Nobody waits for a PASID's groups any more; answers to them only give credits back. */
    void forsake(int pasid) {
        List<PageRequestGroup> all = new ArrayList<>();
        for (PageRequestGroup g : byIndex) {
            if (g != null && g.first.pasid() == pasid) {
                g.stale = true;
                all.add(g);
            }
        }
        for (PageRequestGroup g : waiting) {
            if (g.first.pasid() == pasid) {
                all.add(g);
            }
        }
        waiting.removeIf(g -> g.first.pasid() == pasid);
        all.forEach(g -> tell(g, DmaChannel.Status.NO_PAGE));
    }

    /** Whether a PASID's groups are outstanding. */
    boolean isWaiting(int pasid) {
        for (PageRequestGroup g : byIndex) {
            if (g != null && g.first.pasid() == pasid) {
                return true;
            }
        }
        return waiting.stream().anyMatch(g -> g.first.pasid() == pasid && !g.isVain());
    }

    /** Sends a Stop Marker: what comes with this PASID from now on is of another life of it. */
    void stopMarker(int pasid) {
        statistics.count(Counter.STOP_MARKERS);
        function.requester()
                .message(new Tlp.PageRequestMessage(
                        new PageRequest(function.id(), pasid, 0, false, false, false, false, true, 0)));
    }
}
