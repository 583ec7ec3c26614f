// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.Arrays;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.pcie.spec.TranslationEntry;

/**
 * Answers Translation Requests for one or many translations: all of one size, one behind the other, none outside of what was asked for,
 * which is that many pages of 4 KiB, as the smallest translation unit is the function's affair (PCIe Base Specification §10.2.3).
 */
final class TranslationAnswers {
    private static final long OFFSET = 0xFFF;

    private final TimedTranslation timed;
    private final Transaction transaction = new Transaction();
    private final TranslationCompletion completion = new TranslationCompletion();
    private Tlp.Status status = Tlp.Status.UR;
    private byte[] entries = {};

    TranslationAnswers(TimedTranslation timed) {
        this.timed = timed;
    }

    /** Answers a request; returns when the answer is there. */
    long answer(int stream, Tlp.MemoryRequest r, long at, Journey j) {
        int wanted = Math.max(1, r.bytes() / TranslationEntry.BYTES);
        entries = new byte[wanted * TranslationEntry.BYTES];
        long address = r.address() & ~OFFSET;
        long end = at;
        int count = 0;
        int shift = 0;
        boolean more = true;
        while (more) {
            transaction.set(stream, r.pasid(), address, r.access());
            end = timed.requestTranslation(transaction, TranslationEntry.BYTES, end, completion, j);
            boolean answered = completion.status() == TranslationCompletion.Status.SUCCESS;
            if (count == 0) {
                status = status(completion.status());
                shift = completion.pageShift();
            }
            if (!answered || completion.pageShift() != shift) {
                break;
            }
            put(count++, entry());
            address = (address | (1L << shift) - 1) + 1;
            // Behind the last page of all there is none.
            more = count < wanted && address != 0 && address - (r.address() & ~OFFSET) < (long) wanted * (OFFSET + 1);
        }
        entries = Arrays.copyOf(entries, count * TranslationEntry.BYTES);
        return end;
    }

    private static Tlp.Status status(TranslationCompletion.Status s) {
        return switch (s) {
            case SUCCESS -> Tlp.Status.SUCCESS;
            case UR -> Tlp.Status.UR;
            case CA -> Tlp.Status.CA;
        };
    }

    private long entry() {
        return TranslationEntry.encode(completion.address(), completion.pageShift())
                | TranslationEntry.R.of(completion.isReadable() ? 1 : 0)
                | TranslationEntry.W.of(completion.isWritable() ? 1 : 0)
                | TranslationEntry.EXE.of(completion.isExecutable() ? 1 : 0)
                | TranslationEntry.PRIV.of(completion.isPrivileged() ? 1 : 0)
                | TranslationEntry.U.of(completion.isUntranslatedOnly() ? 1 : 0)
                | TranslationEntry.N.of(completion.isSnooped() ? 1 : 0);
    }

    private void put(int index, long entry) {
        for (int i = 0; i < TranslationEntry.BYTES; i++) {
            entries[index * TranslationEntry.BYTES + i] = (byte) (entry >>> Byte.SIZE * i);
        }
    }

    /** The completion of the request that was answered last. */
    Tlp.Completion completion(Tlp.MemoryRequest r) {
        return new Tlp.Completion(
                TlpKind.TRANSLATION_COMPLETION, r.requester(), r.tag(), status, entries.length, entries, false);
    }
}
