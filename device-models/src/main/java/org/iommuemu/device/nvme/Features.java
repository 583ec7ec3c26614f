// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.jspecify.annotations.Nullable;

/** Features, as far as they are one dword (NVMe 1.4 §5.21.1). None outlives a reset, none differs between namespaces. */
final class Features {
    /** log2 of how many commands are fetched from a queue in its turn. */
    static final int DEFAULT_BURST = 3;

    private static final int ARBITRATION = 0x01;
    private static final int POWER_MANAGEMENT = 0x02;
    private static final int TEMPERATURE_THRESHOLD = 0x04;
    private static final int ERROR_RECOVERY = 0x05;
    private static final int NUMBER_OF_QUEUES = 0x07;
    private static final int INTERRUPT_COALESCING = 0x08;
    private static final int INTERRUPT_VECTOR = 0x09;
    private static final int WRITE_ATOMICITY = 0x0A;
    private static final int ASYNC_EVENTS = 0x0B;
    private static final int COUNT = 0x0C;

    private static final int BURST = 7;
    private static final int UNLIMITED = 7;
    private static final int POWER_STATE = 0x1F;
    private static final int HALF = 0xFFFF;
    private static final int COALESCING_DISABLED = 1 << 16;

    private final NvmeParameters parameters;
    private final int[] values = new int[COUNT];
    private final boolean[] coalescingDisabled;

    Features(NvmeParameters parameters) {
        this.parameters = parameters;
        values[ARBITRATION] = DEFAULT_BURST;
        values[TEMPERATURE_THRESHOLD] = HALF;
        values[NUMBER_OF_QUEUES] = granted();
        coalescingDisabled = new boolean[parameters.vectors()];
    }

    private int granted() {
        return parameters.queues() - 1 << Short.SIZE | parameters.queues() - 1;
    }

    /** How many commands are fetched from a queue in its turn. */
    int arbitrationBurst() {
        int log = values[ARBITRATION] & BURST;
        return log == UNLIMITED ? Integer.MAX_VALUE : 1 << log;
    }

    private static boolean isThere(int id) {
        return switch (id) {
            case ARBITRATION,
                    POWER_MANAGEMENT,
                    TEMPERATURE_THRESHOLD,
                    ERROR_RECOVERY,
                    NUMBER_OF_QUEUES,
                    INTERRUPT_COALESCING,
                    INTERRUPT_VECTOR,
                    WRITE_ATOMICITY,
                    ASYNC_EVENTS -> true;
            default -> false;
        };
    }

    /** The value that Get Features returns, or null if the command has a bad field. */
    @Nullable
    Integer get(long[] command) {
        int id = SubmissionEntry.FID.getInt(command);
        if (!isThere(id) || SubmissionEntry.SEL.isSet(command)) {
            return null;
        }
        if (id == INTERRUPT_VECTOR) {
            int vector = (int) SubmissionEntry.CDW11.get(command) & HALF;
            return vector >= coalescingDisabled.length
                    ? null
                    : Integer.valueOf(vector | (coalescingDisabled[vector] ? COALESCING_DISABLED : 0));
        }
        return values[id];
    }

    /**
     * Sets a feature.
     *
     * @param queuesExist whether there are I/O queues, so that their number is no longer to be asked for
     */
    Status set(long[] command, boolean queuesExist) {
        int id = SubmissionEntry.FID.getInt(command);
        int value = (int) SubmissionEntry.CDW11.get(command);
        if (!isThere(id)) {
            return Status.INVALID_FIELD;
        }
        if (SubmissionEntry.SV.isSet(command)) {
            return Status.FEATURE_NOT_SAVEABLE;
        }
        switch (id) {
            case POWER_MANAGEMENT -> {
                if ((value & POWER_STATE) != 0) {
                    return Status.INVALID_FIELD;
                }
            }
            case NUMBER_OF_QUEUES -> {
                if (queuesExist) {
                    return Status.COMMAND_SEQUENCE_ERROR;
                }
                boolean reserved = (value & HALF) == HALF || value >>> Short.SIZE == HALF;
                return reserved ? Status.INVALID_FIELD : Status.SUCCESS;
            }
            case INTERRUPT_VECTOR -> {
                int vector = value & HALF;
                if (vector >= coalescingDisabled.length) {
                    return Status.INVALID_FIELD;
                }
                coalescingDisabled[vector] = (value & COALESCING_DISABLED) != 0;
            }
            default -> values[id] = value;
        }
        return Status.SUCCESS;
    }

    /** What Set Features returns: how many queues are there. */
    int resultOfSet(long[] command) {
        return SubmissionEntry.FID.getInt(command) == NUMBER_OF_QUEUES ? granted() : 0;
    }
}
