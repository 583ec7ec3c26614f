// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import java.util.function.Consumer;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.DmaSession;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.accelerator.spec.CompletionCode;
import org.iommuemu.device.accelerator.spec.CompletionRecord;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/** The accelerator from being enabled to being disabled: its queues, and engines that take from them in turn. */
final class Run {
    private static final int NO_INTERRUPT = -1;

    /** Takes errors that no completion record tells. */
    @FunctionalInterface
    interface Errors {
        void record(Work w, CompletionCode code, boolean write, long address);
    }

    private final EventLoop loop;
    private final PciFunction function;
    private final AcceleratorParameters parameters;
    private final DescriptorRules rules;
    private final Errors errors;
    private final DmaSession memory;
    private final @Nullable WorkQueue[] queues;
    private int idle;
    private int turn;

    Run(EventLoop loop, PciFunction function, DmaChannel channel, AcceleratorParameters parameters, Errors errors) {
        this.loop = loop;
        this.function = function;
        this.parameters = parameters;
        this.errors = errors;
        rules = new DescriptorRules(parameters);
        memory = new DmaSession(channel);
        queues = new WorkQueue[parameters.queues()];
        idle = parameters.engines();
    }

    DmaSession memory() {
        return memory;
    }

    @Nullable
    WorkQueue queue(int id) {
        return queues[id];
    }

    void put(WorkQueue queue) {
        queues[queue.id()] = queue;
    }

    /** Gives descriptors to engines that have none, from the queues in turn. */
    void dispatch() {
        int passed = 0;
        while (idle > 0 && passed < queues.length && !memory.isClosed()) {
            WorkQueue q = queues[turn];
            turn = (turn + 1) % queues.length;
            Work w = q == null ? null : q.next();
            passed = w == null ? passed + 1 : 0;
            if (w != null) {
                idle--;
                begin(w, outcome -> {
                    idle++;
                    w.queue().ended(w);
                    dispatch();
                });
            }
        }
    }

    /** Carries a descriptor out and tells of it, then goes on. */
    private void begin(Work w, Consumer<Outcome> then) {
        loop.schedule(
                loop.now() + parameters.dispatch(),
                (time, data) -> {
                    if (!memory.isClosed()) {
                        execute(w, outcome -> tell(w, outcome, then));
                    }
                },
                0);
    }

    private void execute(Work w, Consumer<Outcome> ended) {
        CompletionCode code = rules.check(w);
        Operation operation = w.operation();
        if (operation == null || code != CompletionCode.SUCCESS) {
            ended.accept(Outcome.of(code));
        } else if (operation == Operation.NO_OP) {
            ended.accept(Outcome.of(code));
        } else if (operation == Operation.DRAIN) {
            w.queue().drain(w, () -> ended.accept(Outcome.of(code)));
        } else if (operation == Operation.BATCH) {
            batch(w, ended);
        } else {
            new DataOperation(loop, memory, w, operation, parameters.piece(), ended).next();
        }
    }

    private void batch(Work w, Consumer<Outcome> ended) {
        byte[] list = new byte[(int) w.size() * Descriptor.BYTES];
        memory.read(w.source(), list, w.pasid(), w.reading(), w.missing(), (status, moved) -> {
            if (status == DmaChannel.Status.OK) {
                member(w, list, 0, true, ended);
            } else {
                ended.accept(new Outcome(CompletionCode.BATCH_PAGE_FAULT, false, false, 0, w.source() + moved, 0));
            }
        });
    }

    /** One after the other; a fence behind one that failed ends the batch. */
    private void member(Work batch, byte[] list, int index, boolean good, Consumer<Outcome> ended) {
        boolean more = index < list.length / Descriptor.BYTES;
        Work w = more ? batch.member(WireWords.words(list, index * Descriptor.BYTES, Descriptor.WORDS)) : batch;
        if (!more || !good && Descriptor.FENCE.isSet(w.words())) {
            CompletionCode code = good ? CompletionCode.SUCCESS : CompletionCode.BATCH_FAIL;
            ended.accept(new Outcome(code, false, false, index, 0, 0));
            return;
        }
        begin(w, outcome -> member(batch, list, index + 1, good && outcome.isSuccess(), ended));
    }

    /** Writes the completion record, if there is to be one, and then sends the interrupt. */
    private void tell(Work w, Outcome outcome, Consumer<Outcome> then) {
        long[] d = w.words();
        long address = Descriptor.RECORD.get(d);
        boolean usable = Descriptor.RECORD_VALID.isSet(d) && address % CompletionRecord.BYTES == 0;
        int vector = Descriptor.REQUEST_INTERRUPT.isSet(d) && outcome.code() != CompletionCode.INVALID_VECTOR
                ? Descriptor.VECTOR.getInt(d)
                : NO_INTERRUPT;
        if (!outcome.isSuccess() && !usable) {
            errors.record(w, outcome.code(), outcome.write(), outcome.address());
        }
        boolean wanted = !outcome.isSuccess() || Descriptor.REQUEST_RECORD.isSet(d);
        if (!usable || !wanted) {
            interrupt(vector);
            then.accept(outcome);
            return;
        }
        byte[] record = WireWords.bytes(outcome.record());
        memory.write(address, record, w.pasid(), w.writing(), w.missing(), (status, moved) -> {
            if (status != DmaChannel.Status.OK) {
                errors.record(w, Outcome.codeOf(status, w.waitsForPages()), true, address);
            }
            interrupt(vector);
            then.accept(outcome);
        });
    }

    private void interrupt(int vector) {
        if (vector != NO_INTERRUPT && vector < parameters.vectors()) {
            function.interrupt(vector);
        }
    }
}
