// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.IntSupplier;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.iommu.Access;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A function's requests: cuts them into TLPs, gives those that want a completion a tag, puts split completions together, and gives up
 * in time (PCIe Base Specification §2.2, §2.8). Requests wait, in order, for tags.
 */
public final class Requester {
    /** How a request ended. */
    public enum Outcome {
        /** All data are there. */
        SUCCESS,
        /** Unsupported Request. */
        UR,
        /** Completer Abort. */
        CA,
        /** The data are known to be bad. */
        POISONED,
        /** Completion time-out. */
        TIMED_OUT
    }

    /** Who asked. */
    @FunctionalInterface
    public interface Answer {
        /**
         * A request has ended.
         *
         * @param data what was read, or an AtomicOp's old value, or translations; shorter than asked for unless it was a success
         */
        void ended(Outcome outcome, byte[] data);
    }

    private static final byte[] NOTHING = {};
    private static final long NO_TIMER = -1;

    private record Waiting(Tlp.MemoryRequest request, Answer answer) {}

    private static final class Outstanding {
        private final Answer answer;
        private final byte[] data;
        private final boolean exact;
        private int missing;
        private long timer = NO_TIMER;
        private boolean poisoned;

        Outstanding(Answer answer, int bytes, boolean exact) {
            this.answer = answer;
            this.exact = exact;
            data = new byte[bytes];
            missing = bytes;
        }
    }

    private final EventLoop loop;
    private final TlpLink link;
    private final IntSupplier id;
    private final DeviceControl control;
    private final ErrorStatus errors;
    private final Int2ObjectHashMap<Outstanding> outstanding = new Int2ObjectHashMap<>();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private int nextTag;
    private long unexpected;
    private long timeouts;

    /**
     * A requester without requests.
     *
     * @param id its requester id at the moment
     * @param control what software lets it do
     */
    Requester(EventLoop loop, TlpLink link, IntSupplier id, DeviceControl control, ErrorStatus errors) {
        this.loop = loop;
        this.link = link;
        this.id = id;
        this.control = control;
        this.errors = errors;
    }

    /** Reads bytes that lie within one 4 KiB page. */
    public void read(Tlp.AddressType type, long address, int bytes, int pasid, int access, Answer answer) {
        int most = control.maxReadRequest();
        if (bytes <= most) {
            ask(request(TlpKind.READ, type, address, bytes, pasid, access, null, null), answer);
            return;
        }
        byte[] all = new byte[bytes];
        int parts = (bytes + most - 1) / most;
        int[] left = {parts};
        Outcome[] worst = {Outcome.SUCCESS};
        for (int from = 0; from < bytes; from += most) {
            int at = from;
            int n = Math.min(most, bytes - from);
            ask(request(TlpKind.READ, type, address + from, n, pasid, access, null, null), (outcome, data) -> {
                System.arraycopy(data, 0, all, at, data.length);
                worst[0] = outcome == Outcome.SUCCESS ? worst[0] : outcome;
                if (--left[0] == 0) {
                    answer.ended(worst[0], worst[0] == Outcome.SUCCESS ? all : NOTHING);
                }
            });
        }
    }

    /** Writes bytes that lie within one 4 KiB page; nobody answers. */
    public void write(Tlp.AddressType type, long address, byte[] data, int pasid, int access) {
        int most = control.maxPayload();
        for (int from = 0; from < data.length; from += most) {
            byte[] part = Arrays.copyOfRange(data, from, Math.min(data.length, from + most));
            link.up(request(
                    TlpKind.WRITE, type, address + from, part.length, pasid, access | Access.WRITE, part, null));
        }
    }

    /** Sends an AtomicOp. */
    public void atomic(
            Tlp.AddressType type,
            long address,
            Tlp.AtomicOp op,
            byte[] operands,
            int pasid,
            int access,
            Answer answer) {
        int bytes = op == Tlp.AtomicOp.COMPARE_AND_SWAP ? operands.length / 2 : operands.length;
        int does = access | Access.ATOMIC | Access.WRITE;
        ask(request(TlpKind.ATOMIC, type, address, bytes, pasid, does, operands, op), answer);
    }

    /**
     * Sends a Translation Request.
     *
     * @param count for how many translations
     * @param access with {@link Access#WRITE} unless NW is set
     */
    public void translate(long address, int count, int pasid, int access, Answer answer) {
        int bytes = count * TlpKind.ATS_DATA;
        ask(
                request(
                        TlpKind.TRANSLATION_REQUEST,
                        Tlp.AddressType.TRANSLATION_REQUEST,
                        address,
                        bytes,
                        pasid,
                        access,
                        null,
                        null),
                answer);
    }

    /** Sends an MSI, behind what was written before. */
    public void interrupt(long address, int data) {
        byte[] bytes = new byte[TlpKind.INTERRUPT_DATA];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (data >>> Byte.SIZE * i);
        }
        link.up(request(
                TlpKind.INTERRUPT, Tlp.AddressType.UNTRANSLATED, address, bytes.length, -1, Access.WRITE, bytes, null));
    }

    /** Sends a message. */
    public void message(Tlp message) {
        link.up(message);
    }

    private Tlp.MemoryRequest request(
            TlpKind kind,
            Tlp.AddressType type,
            long address,
            int bytes,
            int pasid,
            int access,
            byte @Nullable [] data,
            Tlp.@Nullable AtomicOp op) {
        return new Tlp.MemoryRequest(kind, id.getAsInt(), 0, type, address, bytes, pasid, access, data, op, false);
    }

    private void ask(Tlp.MemoryRequest r, Answer answer) {
        waiting.addLast(new Waiting(r, answer));
        next();
    }

    private void next() {
        while (!waiting.isEmpty() && outstanding.size() < control.tags()) {
            Waiting w = waiting.removeFirst();
            int tag = freeTag();
            Tlp.MemoryRequest r = w.request;
            Outstanding o = new Outstanding(w.answer, r.bytes(), r.kind() != TlpKind.TRANSLATION_REQUEST);
            outstanding.put(tag, o);
            errors.pending(true);
            o.timer = giveUpLater(tag);
            link.up(new Tlp.MemoryRequest(
                    r.kind(),
                    r.requester(),
                    tag,
                    r.type(),
                    r.address(),
                    r.bytes(),
                    r.pasid(),
                    r.access(),
                    r.data(),
                    r.atomic(),
                    r.poisoned()));
        }
    }

    private long giveUpLater(int tag) {
        long timeout = control.timeout();
        return timeout < 0
                ? NO_TIMER
                : loop.schedule(
                        loop.now() + timeout,
                        (time, t) -> {
                            timeouts++;
                            end((int) t, Outcome.TIMED_OUT, NOTHING);
                        },
                        tag);
    }

    private int freeTag() {
        int tags = control.tags();
        int tag = nextTag % tags;
        while (outstanding.containsKey(tag)) {
            tag = (tag + 1) % tags;
        }
        nextTag = (tag + 1) % tags;
        return tag;
    }

    /** A completion has come; one that nobody waits for is an Unexpected Completion, and counted. */
    public void completed(Tlp.Completion c) {
        Outstanding o = outstanding.get(c.tag());
        if (o == null) {
            surprise();
            return;
        }
        if (c.status() != Tlp.Status.SUCCESS) {
            end(c.tag(), c.status() == Tlp.Status.UR ? Outcome.UR : Outcome.CA, NOTHING);
            return;
        }
        boolean inTurn = o.exact ? c.byteCount() == o.missing : c.byteCount() <= o.missing;
        if (!inTurn || c.data().length > c.byteCount()) {
            surprise();
            return;
        }
        System.arraycopy(c.data(), 0, o.data, o.data.length - o.missing, c.data().length);
        o.missing -= c.data().length;
        o.poisoned |= c.poisoned();
        if (c.byteCount() == c.data().length) {
            byte[] data = Arrays.copyOf(o.data, o.data.length - o.missing);
            end(c.tag(), o.poisoned ? Outcome.POISONED : Outcome.SUCCESS, o.poisoned ? NOTHING : data);
        }
    }

    private void surprise() {
        unexpected++;
        errors.unexpected();
    }

    private void end(int tag, Outcome outcome, byte[] data) {
        Outstanding o = outstanding.remove(tag);
        if (o != null) {
            loop.cancel(o.timer);
            errors.ended(outcome);
            errors.pending(!outstanding.isEmpty());
            o.answer.ended(outcome, data);
            next();
        }
    }

    /** Forgets all requests: the function was reset. Nobody is told; what still comes for them is unexpected. */
    public void reset() {
        outstanding.values().forEach(o -> loop.cancel(o.timer));
        outstanding.clear();
        waiting.clear();
        errors.pending(false);
    }

    /** Requests that want a completion and have none yet. */
    public int outstanding() {
        return outstanding.size() + waiting.size();
    }

    /** Completions that nobody waited for. */
    public long unexpectedCompletions() {
        return unexpected;
    }

    /** Requests that were given up. */
    public long timeouts() {
        return timeouts;
    }
}
