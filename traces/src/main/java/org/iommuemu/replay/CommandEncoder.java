// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.TraceRecord;
import org.iommuemu.smmuv3.spec.Command;

/**
 * Rebuilds a command queue entry from an {@code inv} record of a trace. What the record does not hold is as Linux has it: leaf
 * set, no completion signal.
 */
final class CommandEncoder {
    private static final int MOST_NUM = 32;
    private static final int GRANULE_BASE_SHIFT = 10;

    private long word0;
    private long word1;

    /** Encodes the current record; {@link #word0()} and {@link #word1()} are then the entry. */
    Command encode(TraceRecord r) {
        Command command = commandOf(r);
        word0 = Command.OPCODE.of(command.opcode());
        word1 = 0;
        switch (command) {
            case CFGI_STE, CFGI_CD, CFGI_CD_ALL -> {
                word0 |= r.hasSid() ? Command.SID.of(r.sid()) : 0;
                word1 |= Command.LEAF.of(1);
            }
            case CFGI_STE_RANGE -> encodeRange(r);
            case TLBI_NH_ASID -> word0 |= Command.ASID.of(r.asid());
            case TLBI_NH_ALL, TLBI_S12_VMALL -> word0 |= Command.VMID.of(r.asid());
            case TLBI_NH_VA -> {
                word0 |= Command.ASID.of(r.asid());
                encodeAddress(r);
            }
            case TLBI_NH_VAA, TLBI_S2_IPA -> encodeAddress(r);
            default -> {}
        }
        return command;
    }

    private static Command commandOf(TraceRecord r) {
        String name = r.op();
        try {
            return Command.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw r.wrong("the name of a command, such as TLBI_NH_VA");
        }
    }

    private void encodeRange(TraceRecord r) {
        long start = r.detail("start");
        long streams = r.detail("end") - start + 1;
        if (streams < 2 || Long.bitCount(streams) != 1) {
            throw r.wrong("a range of StreamIDs that is a power of two, 2 or more");
        }
        word0 |= Command.SID.of(start);
        word1 |= Command.RANGE.of(Long.numberOfTrailingZeros(streams) - 1);
    }

    private void encodeAddress(TraceRecord r) {
        word0 |= Command.VMID.of(r.hasDetail("vmid") ? r.detail("vmid") : 0);
        word1 |= Command.LEAF.of(r.hasDetail("leaf") ? r.detail("leaf") : 1);
        word1 |= Command.ADDRESS.inPlace(r.iova());
        int granule = r.hasDetail("tg") ? (int) r.detail("tg") : 0;
        if (granule == 0) {
            return;
        }
        word1 |= Command.TG.of(granule) | Command.TTL.of(r.detail("ttl"));
        long pages = r.length() >>> GRANULE_BASE_SHIFT + 2 * granule;
        // Linux takes the largest unit that divides the range.
        int scale = Long.numberOfTrailingZeros(pages);
        long num = pages == 0 ? 0 : pages >>> scale;
        if (num == 0 || num > MOST_NUM) {
            throw r.wrong("a length that one range command can have");
        }
        word0 |= Command.NUM.of(num - 1) | Command.SCALE.of(scale);
    }

    long word0() {
        return word0;
    }

    long word1() {
        return word1;
    }
}
