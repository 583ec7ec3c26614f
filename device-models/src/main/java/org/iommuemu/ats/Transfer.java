// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.jspecify.annotations.Nullable;

/**
 * One transfer: its pages go side by side, some at once, and end with the first that does not go through. Writes are sent in the order
 * of their addresses, and only when it is this transfer's turn.
 */
final class Transfer implements PageAccess.Owner {
    /**
     * What is to be moved.
     *
     * @param bytes that are read into or written from; of an AtomicOp where its old value goes
     * @param op if it is an AtomicOp
     * @param operands of that
     * @param missing what happens where a page is missing
     */
    record Work(
            long address,
            byte[] bytes,
            int pasid,
            int access,
            Tlp.@Nullable AtomicOp op,
            byte[] operands,
            DmaChannel.Missing missing) {
        private boolean isWrite() {
            return op == null && Access.isWrite(access);
        }
    }

    private final PciFunction function;
    private final PageResolver resolver;
    private final Work work;
    private final int most;
    private final DmaChannel.Done done;
    private final Runnable ended;
    /** Pages that are not over, in order of their addresses. */
    private final ArrayDeque<PageAccess> pages = new ArrayDeque<>();

    private final List<Runnable> afterwards = new ArrayList<>();
    private int started;
    private int moved;
    private DmaChannel.Status status = DmaChannel.Status.OK;
    private boolean busy;
    private boolean over;
    private boolean turn;

    /**
     * A transfer that has not begun.
     *
     * @param most pages at once
     * @param ended is called when it is over, before {@code done}
     */
    Transfer(PciFunction function, PageResolver resolver, Work work, int most, DmaChannel.Done done, Runnable ended) {
        this.function = function;
        this.resolver = resolver;
        this.work = work;
        this.most = most;
        this.done = done;
        this.ended = ended;
        moved = work.bytes.length;
    }

    /** Begins, or goes on. */
    void proceed() {
        if (busy || over) {
            return;
        }
        busy = true;
        boolean more = true;
        while (more) {
            while (isOk() && started < work.bytes.length && pages.size() < most) {
                startPage();
            }
            more = work.isWrite() && turn && sendFirst();
        }
        busy = false;
        if (pages.isEmpty() && (!isOk() || started == work.bytes.length)) {
            over = true;
            ended.run();
            done.ended(status, moved);
            afterwards.forEach(Runnable::run);
        }
    }

    private boolean isOk() {
        return status == DmaChannel.Status.OK;
    }

    private void startPage() {
        long address = work.address + started;
        int inPage = (int) address & PhysicalMemory.PAGE_BYTES - 1;
        int n = Math.min(work.bytes.length - started, PhysicalMemory.PAGE_BYTES - inPage);
        PageAccess p = new PageAccess(this, address, started, n, work.bytes.length - started, work.pasid, work.access);
        pages.addLast(p);
        started += n;
        resolver.resolve(p);
    }

    /** It is this transfer's turn to send writes. */
    void takeTurn() {
        turn = true;
        proceed();
    }

    boolean hasTurn() {
        return turn;
    }

    /** Software may have taken that right since the transfer began. */
    private boolean maySend() {
        boolean prefix = work.pasid != Transaction.NO_SUBSTREAM;
        return function.controls().isBusMaster()
                && (!prefix || function.controls().isPasid());
    }

    private boolean sendFirst() {
        PageAccess p = pages.peekFirst();
        if (p == null || !p.isKnown() || p.isIssued()) {
            return false;
        }
        if (!maySend()) {
            p.fail(DmaChannel.Status.OFF);
            return true;
        }
        pages.removeFirst();
        p.end();
        byte[] part = Arrays.copyOfRange(work.bytes, p.offset(), p.offset() + p.bytes());
        function.requester().write(type(p), p.target(), part, pasid(p), access(p));
        return true;
    }

    @Override
    public boolean requestsPages() {
        return work.missing == DmaChannel.Missing.REQUEST;
    }

    @Override
    public void known(PageAccess p) {
        if (work.isWrite()) {
            proceed();
        } else if (!maySend()) {
            p.fail(DmaChannel.Status.OFF);
        } else {
            ask(p);
        }
    }

    private void ask(PageAccess p) {
        p.issue();
        if (p.isTranslated()) {
            resolver.invalidations().begin(p);
        }
        Tlp.AtomicOp op = work.op;
        Requester.Answer answer = (outcome, data) -> {
            resolver.invalidations().end(p);
            answered(p, outcome, data);
        };
        if (op == null) {
            function.requester().read(type(p), p.target(), p.bytes(), pasid(p), access(p), answer);
        } else {
            function.requester().atomic(type(p), p.target(), op, work.operands, pasid(p), access(p), answer);
        }
    }

    private void answered(PageAccess p, Requester.Outcome outcome, byte[] data) {
        if (outcome == Requester.Outcome.SUCCESS) {
            System.arraycopy(data, 0, work.bytes, p.offset(), Math.min(data.length, p.bytes()));
            p.end();
            pages.remove(p);
            proceed();
        } else {
            p.fail(status(outcome));
        }
    }

    /** Of several pages that fail, the first counts; those behind it that are not on their way yet are left out. */
    @Override
    public void failed(PageAccess p, DmaChannel.Status why) {
        if (p.offset() < moved || isOk()) {
            status = why;
            moved = p.offset();
        }
        pages.remove(p);
        for (PageAccess behind : pages) {
            if (behind.offset() > moved && !behind.isIssued()) {
                behind.end();
            }
        }
        pages.removeIf(PageAccess::isOver);
        proceed();
    }

    private static Tlp.AddressType type(PageAccess p) {
        return p.isTranslated() ? Tlp.AddressType.TRANSLATED : Tlp.AddressType.UNTRANSLATED;
    }

    /** A translated request carries no PASID prefix. */
    private int pasid(PageAccess p) {
        return p.isTranslated() ? Transaction.NO_SUBSTREAM : work.pasid;
    }

    private int access(PageAccess p) {
        return p.isTranslated() ? work.access & (Access.WRITE | Access.ATOMIC) : work.access;
    }

    /** Forgets ways that must not be used any more, of writes that wait for their turn; adds their pages to a list. */
    void revoke(Predicate<PageAccess> which, List<PageAccess> revoked) {
        for (PageAccess p : pages) {
            if (p.isKnown() && !p.isIssued() && which.test(p)) {
                p.forget();
                revoked.add(p);
            }
        }
    }

    /** Ends without telling anybody: the function was reset. */
    void forget() {
        over = true;
        pages.forEach(PageAccess::end);
        pages.clear();
    }

    /** Says what is to happen when it is over. */
    void then(Runnable next) {
        afterwards.add(next);
    }

    boolean isWrite() {
        return work.isWrite();
    }

    int pasid() {
        return work.pasid;
    }

    static DmaChannel.Status status(Requester.Outcome outcome) {
        return switch (outcome) {
            case SUCCESS -> DmaChannel.Status.OK;
            case UR -> DmaChannel.Status.REFUSED;
            case CA -> DmaChannel.Status.ABORTED;
            case POISONED -> DmaChannel.Status.POISONED;
            case TIMED_OUT -> DmaChannel.Status.TIMED_OUT;
        };
    }
}
