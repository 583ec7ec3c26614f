// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/** What legal commands do (IHI 0070 chapter 4): each goes to the part of the machine that it is for. */
final class CommandExecution {
    private static final int PAGE_SHIFT = 12;

    private final RegisterFile registers;
    private final SmmuFeatures features;
    private final Invalidations invalidations;
    private final AtcInvalidations atcs;
    private final PageRequests pages;
    private final StalledTransactions stalls;

    CommandExecution(
            RegisterFile registers,
            SmmuFeatures features,
            Invalidations invalidations,
            AtcInvalidations atcs,
            PageRequests pages,
            StalledTransactions stalls) {
        this.registers = registers;
        this.features = features;
        this.invalidations = invalidations;
        this.atcs = atcs;
        this.pages = pages;
        this.stalls = stalls;
    }

    /**
     * Whether a command has to wait for devices: a SYNC for every Invalidate Request before it (§4.7.3), and another request if
     * too many are outstanding.
     */
    boolean mustWait(Command command) {
        return command == Command.SYNC && atcs.isPending() || command == Command.ATC_INV && atcs.isFull();
    }

    /** Whether a SYNC fails, because a device did not answer in time (§4.5.1). */
    boolean isTimedOut(Command command) {
        return command == Command.SYNC && atcs.takeTimeout();
    }

    /** Executes a command. */
    void execute(Command command, long word0, long word1) {
        switch (command) {
            // Ignored while translation is off (§4.5).
            case ATC_INV -> {
                if (isTranslating() && reachesDevice(word0)) {
                    invalidateAtc(word0, word1);
                }
            }
            case PRI_RESP -> {
                if (isTranslating() && reachesDevice(word0)) {
                    pages.respond(word0, word1);
                }
            }
            case RESUME -> resume(word0, word1);
            case STALL_TERM -> stalls.endStream(Command.SID.getInt(word0));
            // What could not be recorded so far may not fault any more (§4.7.3).
            case SYNC -> stalls.retryWaiting(true);
            default -> invalidations.execute(command, word0, word1);
        }
    }

    private boolean isTranslating() {
        return Registers.SMMUEN.isSet(registers.get(Registers.CR0));
    }

    private void invalidateAtc(long word0, long word1) {
        boolean pasid = Command.SSV.isSet(word0);
        atcs.send(
                Command.SID.getInt(word0),
                pasid ? Command.SSID.getInt(word0) : Transaction.NO_SUBSTREAM,
                pasid && Command.ATC_GLOBAL.isSet(word0),
                Command.ADDRESS.inPlace(word1),
                PAGE_SHIFT + Command.ATC_SIZE.getInt(word1));
    }

    /** IDs wider than what is implemented name no device: the command has no effect (§4.1.7, §4.5). */
    private boolean reachesDevice(long word0) {
        int substreamBits = features.substreamIdBits();
        boolean substream = substreamBits != 0 && Command.SSID.get(word0) >>> substreamBits == 0;
        return Command.SID.get(word0) >>> features.streamIdBits() == 0 && (substream || !Command.SSV.isSet(word0));
    }

    private void resume(long word0, long word1) {
        int stream = Command.SID.getInt(word0);
        int tag = Command.STAG.getInt(word1);
        if (Command.AC.isSet(word0)) {
            stalls.retry(stream, tag);
        } else {
            boolean abort = Command.AB.isSet(word0) || features.has0(Idr.TERM_MODEL);
            stalls.end(stream, tag, abort ? Verdict.Status.ABORT : Verdict.Status.READ_ZERO_WRITE_IGNORED);
        }
    }
}
