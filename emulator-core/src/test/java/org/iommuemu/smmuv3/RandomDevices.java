// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;

/** Devices that do as they please, also while they are told something. */
final class RandomDevices implements DevicePort {
    private final Iommu iommu;
    private final SmmuV3 smmu;
    private final SplittableRandom random;
    private final Set<Long> waiting = new HashSet<>();
    private long invalidations;
    private int depth;
    private long outcome;

    RandomDevices(Iommu iommu, SmmuV3 smmu, SplittableRandom random) {
        this.iommu = iommu;
        this.smmu = smmu;
        this.random = random;
    }

    private Transaction transaction() {
        int substream = random.nextInt(4) == 0 ? random.nextInt(1 << 20) : Transaction.NO_SUBSTREAM;
        long address = random.nextBoolean() ? random.nextInt(0x4_0000) : GuestFuzzTest.value(random);
        return new Transaction().set(GuestFuzzTest.value32(random), substream, address, random.nextInt(16));
    }

    void access() {
        Verdict v = new Verdict();
        iommu.translate(transaction(), v);
        outcome = outcome * 31
                + (v.isOk() ? v.address() : String.valueOf(v.rule()).hashCode());
        assertThat(v.isOk() ? v.rule() == null : v.rule() != null).isTrue();
        assertThat(v.isOk() && v.address() >>> 52 != 0).isFalse();
        if (v.status() == Verdict.Status.STALLED) {
            assertThat(waiting.add(v.ticket())).isTrue();
        }
    }

    void sendMessage() {
        Transaction t = transaction();
        switch (random.nextInt(3)) {
            case 0 -> iommu.requestTranslation(t, new TranslationCompletion());
            case 1 -> {
                Verdict v = new Verdict();
                iommu.forwardTranslated(t, v);
                if (v.status() == Verdict.Status.STALLED) {
                    assertThat(waiting.add(v.ticket())).isTrue();
                }
            }
            default -> {
                int flags = random.nextInt(32);
                iommu.requestPage(new PageRequest(
                        t.streamId(),
                        t.substreamId(),
                        t.address() & -0x1000L,
                        (flags & 1) != 0,
                        (flags & 2) != 0,
                        (flags & 4) != 0,
                        (flags & 8) != 0,
                        (flags & 16) != 0,
                        random.nextInt(512)));
            }
        }
    }

    /** What came of the accesses, as a hash. */
    long outcome() {
        return outcome;
    }

    void answerInvalidation() {
        iommu.invalidationEnded(random.nextLong(invalidations + 2), random.nextInt(4) != 0);
    }

    void check() {
        assertThat(smmu.statistics().stalled()).isEqualTo(waiting.size());
    }

    private void react() {
        if (depth < 3) {
            depth++;
            switch (random.nextInt(6)) {
                case 0 -> access();
                case 1 -> sendMessage();
                case 2 -> answerInvalidation();
                case 3 -> iommu.writeRegister(GuestFuzzTest.offset(random), 4, GuestFuzzTest.value(random));
                default -> {}
            }
            depth--;
        }
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        assertThat(request.log2Bytes()).isBetween(12, 64);
        invalidations = request.ticket() + 1;
        react();
        return Invalidation.values()[random.nextInt(3)];
    }

    @Override
    public void respond(PageResponse response) {
        react();
    }

    @Override
    public boolean canStall(int streamId) {
        return (streamId & 7) != 7;
    }

    @Override
    public void resumed(long ticket, Transaction t, Verdict v) {
        assertThat(waiting.remove(ticket)).isTrue();
        assertThat(v.status()).isNotEqualTo(Verdict.Status.STALLED);
        react();
    }
}
