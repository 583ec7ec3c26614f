// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/** The command queue: fetches commands, checks them and has them executed, up to the first error (IHI 0070 §3.5, §4.1, §7.1). */
final class CommandQueue {
    private static final int CERROR_ILL = 1;
    private static final int CERROR_ABT = 2;
    private static final int CERROR_ATC_INV_SYNC = 3;

    private final PhysicalMemory memory;
    private final RegisterFile registers;
    private final GlobalErrors errors;
    private final Interrupts interrupts;
    private final CommandExecution execution;
    private final CommandRules rules;
    private final boolean wakes;
    private final MemoryQueue queue = new MemoryQueue(Command.BYTES);
    private final long[] consumed = new long[1 << Command.OPCODE.width()];
    private long wakeUpEvents;
    private boolean consuming;
    private @Nullable CommandObserver observer;

    CommandQueue(
            PhysicalMemory memory,
            RegisterFile registers,
            GlobalErrors errors,
            Interrupts interrupts,
            SmmuFeatures features,
            CommandExecution execution) {
        this.memory = memory;
        this.registers = registers;
        this.errors = errors;
        this.interrupts = interrupts;
        this.execution = execution;
        rules = new CommandRules(features);
        wakes = features.has0(Idr.SEV);
    }

    void observe(@Nullable CommandObserver watcher) {
        observer = watcher;
    }

    MemoryQueue queue() {
        return queue;
    }

    /**
     * Consumes what there is, as long as the queue is enabled, no command error is active and no SYNC has to wait. A call from
     * within, by a device that reacts to a command, finds its work done by the call that is under way.
     */
    void consume() {
        if (!consuming) {
            consuming = true;
            consumeAll();
            consuming = false;
        }
    }

    private void consumeAll() {
        while (Registers.CMDQEN.isSet(registers.get(Registers.CR0))
                && !errors.isActive(Registers.CMDQ_ERR)
                && queue.isReadable()) {
            long at = queue.consumerAddress();
            if (!memory.answers(at, Command.BYTES)) {
                stop(CERROR_ABT);
                return;
            }
            long word0 = memory.readLong(at);
            long word1 = memory.readLong(at + Long.BYTES);
            Command command = Command.of(word0);
            if (command == null || !rules.isLegal(command, word0, word1)) {
                stop(CERROR_ILL);
                return;
            }
            if (execution.mustWait(command)) {
                return;
            }
            if (execution.isTimedOut(command)) {
                stop(CERROR_ATC_INV_SYNC);
                return;
            }
            if (observer != null) {
                observer.consuming(command, word0, word1);
            }
            execution.execute(command, word0, word1);
            consumed[command.opcode()]++;
            queue.advanceConsumer();
            registers.set(
                    Registers.CMDQ_CONS,
                    Registers.QUEUE_INDEX.set(registers.get(Registers.CMDQ_CONS), queue.consumer()));
            if (command == Command.SYNC) {
                signal(word0, word1);
            }
        }
    }

    /** A SYNC signals after CONS has moved past it (§4.7.3); SEV is nothing where nobody can be woken (IDR0.SEV). */
    private void signal(long word0, long word1) {
        int completionSignal = Command.CS.getInt(word0);
        if (completionSignal == Command.CS_SEV) {
            wakeUpEvents += wakes ? 1 : 0;
        } else if (completionSignal == Command.CS_IRQ
                && !interrupts.raiseSync(Command.MSI_ADDRESS.inPlace(word1), Command.MSI_DATA.getInt(word0))) {
            errors.raise(Registers.MSI_CMDQ_ABT_ERR);
        }
    }

    /** The reason is visible before the error is (§7.1). */
    private void stop(int reason) {
        registers.set(Registers.CMDQ_CONS, Registers.CONS_ERR.set(registers.get(Registers.CMDQ_CONS), reason));
        errors.raise(Registers.CMDQ_ERR);
    }

    /** Commands consumed so far. */
    long total() {
        return queue.consumed();
    }

    /** Commands of a kind consumed so far. */
    long consumed(Command command) {
        return consumed[command.opcode()];
    }

    /** Wake-up events sent by SYNC so far. */
    long wakeUpEvents() {
        return wakeUpEvents;
    }
}
