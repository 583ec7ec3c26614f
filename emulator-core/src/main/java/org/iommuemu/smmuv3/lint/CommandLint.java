// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;

/** What is wrong with a command that is legal all the same (IHI 0070 §4.1-4.7). */
final class CommandLint {
    private static final int GRANULE_BASE_SHIFT = 10;
    private static final int TG_16K = 2;

    private final SmmuFeatures features;
    private final LintLog log;
    /** Bits that a command may set, by word. */
    private final Map<Command, long[]> defined = new EnumMap<>(Command.class);

    CommandLint(SmmuFeatures features, LintLog log) {
        this.features = features;
        this.log = log;
        for (Command c : Command.values()) {
            defined.put(c, definedBits(c));
        }
    }

    private long[] definedBits(Command command) {
        long[] bits = new long[2];
        for (BitField f : command.layout().fields()) {
            bits[f.word()] |= f.mask();
        }
        if (isByAddress(command) && !features.has3(Idr.RIL)) {
            bits[0] &= ~(Command.NUM.mask() | Command.SCALE.mask());
            bits[1] &= ~(Command.TTL.mask() | Command.TG.mask());
        }
        if (command == Command.TLBI_NH_VAA || command == Command.TLBI_EL2_VAA) {
            bits[0] &= ~Command.ASID.mask();
        }
        return bits;
    }

    void check(Command command, long word0, long word1) {
        switch (command) {
            // Where their fields are is not certain enough to call other bits reserved.
            case PREFETCH_ADDR, PRI_RESP, STALL_TERM, CFGI_VMS_PIDM -> {}
            default -> {
                long[] bits = defined.getOrDefault(command, new long[2]);
                report(SmmuLintRule.COMMAND_RESERVED_BITS, command, word0, (word0 & ~bits[0]) != 0);
                report(SmmuLintRule.COMMAND_RESERVED_BITS, command, word1, (word1 & ~bits[1]) != 0);
            }
        }
        switch (command) {
            case CFGI_STE, CFGI_CD_ALL -> stream(command, word0, false);
            case CFGI_CD -> stream(command, word0, true);
            default -> {
                if (isByAddress(command) && features.has3(Idr.RIL)) {
                    range(command, word0, word1);
                }
            }
        }
    }

    private void stream(Command command, long word0, boolean substream) {
        boolean wide = Command.SID.get(word0) >>> features.streamIdBits() != 0
                || substream && Command.SSID.get(word0) >>> features.substreamIdBits() != 0;
        report(SmmuLintRule.COMMAND_STREAM_RANGE, command, word0, wide);
    }

    private void range(Command command, long word0, long word1) {
        int granule = Command.TG.getInt(word1);
        int level = Command.TTL.getInt(word1);
        if (granule == 0) {
            boolean ignored = Command.NUM.isSet(word0) || Command.SCALE.isSet(word0) || level != 0;
            report(SmmuLintRule.TLBI_RANGE_IGNORED, command, word0, ignored);
            return;
        }
        // Levels without blocks are no hint: the granule counts (§4.4.1.1).
        boolean noBlocks = level == 1 && granule == TG_16K && !features.has5(Idr.DS);
        int granuleShift = GRANULE_BASE_SHIFT + 2 * granule;
        int entryShift = level == 0 || noBlocks ? granuleShift : granuleShift + (3 - level) * (granuleShift - 3);
        long low = (1L << entryShift) - 1;
        report(SmmuLintRule.TLBI_RANGE_ALIGNMENT, command, word1, (Command.ADDRESS.inPlace(word1) & low) != 0);
    }

    private static boolean isByAddress(Command command) {
        return switch (command) {
            case TLBI_NH_VA, TLBI_NH_VAA, TLBI_EL2_VA, TLBI_EL2_VAA, TLBI_S2_IPA -> true;
            default -> false;
        };
    }

    private void report(SmmuLintRule rule, Command command, long seen, boolean broken) {
        if (broken) {
            log.add(rule, command.name(), seen);
        }
    }
}
