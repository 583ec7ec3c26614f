// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * Lets transactions with translated addresses pass, or checks them where software wants that (IHI 0070 §3.9.1). They have no
 * SubstreamID here, as IDR3.PASIDTT=0, and are unprivileged data accesses before overrides.
 */
final class TranslatedTransactions {
    /** Stands for the SubstreamID in the configuration cache: only the STE counts. */
    private static final int STREAM = -3;

    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final TranslationUnit unit;
    private final ConfigurationFetch configuration;
    private final EventRecorder recorder;
    private final Transaction plain = new Transaction();
    private long forwarded;

    TranslatedTransactions(
            SmmuFeatures features,
            RegisterFile registers,
            TranslationUnit unit,
            ConfigurationFetch configuration,
            EventRecorder recorder) {
        this.features = features;
        this.registers = registers;
        this.unit = unit;
        this.configuration = configuration;
        this.recorder = recorder;
    }

    /** Answers a transaction. */
    void forward(Transaction t, Verdict v) {
        long cr0 = registers.get(Registers.CR0);
        if (!features.has0(Idr.ATS)) {
            v.end(Verdict.Status.ABORT, SmmuRule.ATS_ABSENT);
        } else if (!Registers.SMMUEN.isSet(cr0)) {
            // Nothing says that the stream lets events be merged, and this one may not be without (§7.3.1).
            forbid(t, false, v);
        } else if (!Registers.ATSCHK.isSet(cr0)) {
            pass(t, v);
        } else {
            SmmuContext context = (SmmuContext) unit.lookupContext(t.streamId(), STREAM);
            if (context == null) {
                context = configuration.fetchStream(t.streamId());
                if (context == null) {
                    refuse(t, v);
                    return;
                }
                unit.keepContext(t.streamId(), STREAM, context);
            }
            check(t, context, v);
        }
    }

    private void check(Transaction t, SmmuContext context, Verdict v) {
        switch (TranslationRequests.effective(context.ats(), registers)) {
            case Ste.EATS_FULL -> pass(t, v);
            case Ste.EATS_SPLIT -> {
                int access = t.access() & (Access.WRITE | Access.ATOMIC);
                unit.translate(plain.set(t.streamId(), Transaction.NO_SUBSTREAM, t.address(), access), context, v);
                forwarded += v.isOk() ? 1 : 0;
            }
            default -> forbid(t, context.merges(), v);
        }
    }

    private void pass(Transaction t, Verdict v) {
        if (t.address() >>> features.outputBits() != 0) {
            v.end(Verdict.Status.ABORT, SmmuRule.ATS_TRANSLATED_ADDRESS_SIZE);
        } else {
            forwarded++;
            v.ok(t.address(), features.smallestGranuleShift(), MemoryAttributes.INCOMING);
        }
    }

    private void forbid(Transaction t, boolean mergeable, Verdict v) {
        recorder.forbidden(t, mergeable);
        v.end(Verdict.Status.ABORT, SmmuRule.ATS_TRANSLATED_FORBIDDEN);
    }

    private void refuse(Transaction t, Verdict v) {
        SmmuRule why = configuration.refusal();
        if (TranslationRequests.recordsConfiguration(registers)) {
            plain.set(t.streamId(), Transaction.NO_SUBSTREAM, t.address(), t.access());
            recorder.configuration(plain, why, configuration.fetchAddress(), true);
        }
        v.end(Verdict.Status.ABORT, why);
    }

    /** Transactions that went on. */
    long forwarded() {
        return forwarded;
    }
}
