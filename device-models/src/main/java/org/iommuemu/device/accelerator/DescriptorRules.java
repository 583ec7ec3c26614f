// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import org.iommuemu.device.accelerator.spec.CompletionCode;
import org.iommuemu.device.accelerator.spec.CompletionRecord;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.Operation;

/** What is wrong with a descriptor before anything of it is done; the first of several counts. */
final class DescriptorRules {
    private final AcceleratorParameters parameters;

    DescriptorRules(AcceleratorParameters parameters) {
        this.parameters = parameters;
    }

    /** {@link CompletionCode#SUCCESS} if nothing is. */
    CompletionCode check(Work w) {
        long[] d = w.words();
        Operation operation = w.operation();
        if (operation == null || w.inBatch() && (operation == Operation.BATCH || operation == Operation.DRAIN)) {
            return CompletionCode.BAD_OPERATION;
        }
        if (hasBadFlags(w)) {
            return CompletionCode.INVALID_FLAGS;
        }
        if (Descriptor.hasReserved(d)) {
            return CompletionCode.NONZERO_RESERVED;
        }
        if (Descriptor.PRIV.isSet(d) && !w.queue().allowsPrivilege()) {
            return CompletionCode.BAD_PRIVILEGE;
        }
        if (Descriptor.RECORD_VALID.isSet(d) && Descriptor.RECORD.get(d) % CompletionRecord.BYTES != 0) {
            return CompletionCode.RECORD_MISALIGNED;
        }
        if (Descriptor.REQUEST_INTERRUPT.isSet(d) && Descriptor.VECTOR.getInt(d) >= parameters.vectors()) {
            return CompletionCode.INVALID_VECTOR;
        }
        return operation == Operation.BATCH
                ? batch(w)
                : operation.movesData() ? size(w, operation) : CompletionCode.SUCCESS;
    }

    private static boolean hasBadFlags(Work w) {
        long[] d = w.words();
        boolean recordNowhere = Descriptor.REQUEST_RECORD.isSet(d) && !Descriptor.RECORD_VALID.isSet(d);
        return Descriptor.RESERVED_FLAGS.isSet(d)
                || recordNowhere
                || Descriptor.FENCE.isSet(d) && !w.inBatch()
                || w.asksToWait() && !w.queue().allowsWaiting();
    }

    private CompletionCode batch(Work w) {
        if (w.size() == 0 || w.size() > 1L << parameters.maxBatch()) {
            return CompletionCode.COUNT_OUT_OF_RANGE;
        }
        if (w.source() % Descriptor.BYTES != 0) {
            return CompletionCode.LIST_MISALIGNED;
        }
        return wraps(w.source(), w.size() * Descriptor.BYTES)
                ? CompletionCode.COUNT_OUT_OF_RANGE
                : CompletionCode.SUCCESS;
    }

    private CompletionCode size(Work w, Operation operation) {
        boolean reads = operation != Operation.FILL;
        boolean second =
                operation == Operation.MEMORY_MOVE || operation == Operation.FILL || operation == Operation.COMPARE;
        boolean bad = w.size() == 0
                || w.size() > 1L << parameters.maxTransfer()
                || reads && wraps(w.source(), w.size())
                || second && wraps(w.destination(), w.size());
        return bad ? CompletionCode.SIZE_OUT_OF_RANGE : CompletionCode.SUCCESS;
    }

    /** Whether bytes reach beyond the last address. */
    private static boolean wraps(long address, long bytes) {
        return Long.compareUnsigned(address + bytes - 1, address) < 0;
    }
}
