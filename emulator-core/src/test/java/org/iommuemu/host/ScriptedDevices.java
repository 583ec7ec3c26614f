// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;

/** Devices that answer invalidations once time passes, or never, and a clock that has nothing but such answers and what is put off. */
final class ScriptedDevices implements DevicePort, Patience {
    /** How a device takes Invalidate Requests. */
    enum Answer {
        AT_ONCE,
        LATER,
        NEVER
    }

    final List<AtcInvalidation> invalidations = new ArrayList<>();
    final List<PageResponse> responses = new ArrayList<>();
    final Deque<Runnable> pending = new ArrayDeque<>();
    final List<Long> delays = new ArrayList<>();
    Answer answer = Answer.AT_ONCE;
    private Iommu iommu;

    void connect(Iommu to) {
        iommu = to;
        to.connect(this);
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        invalidations.add(request);
        if (answer == Answer.AT_ONCE) {
            return Invalidation.ENDED;
        }
        boolean answered = answer == Answer.LATER;
        pending.add(() -> iommu.invalidationEnded(request.ticket(), answered));
        return Invalidation.PENDING;
    }

    @Override
    public void respond(PageResponse response) {
        responses.add(response);
    }

    @Override
    public boolean canStall(int streamId) {
        return false;
    }

    @Override
    public void resumed(long ticket, Transaction transaction, Verdict verdict) {}

    @Override
    public boolean await(BooleanSupplier done, long picoseconds) {
        while (!done.getAsBoolean() && !pending.isEmpty()) {
            pending.poll().run();
        }
        return done.getAsBoolean();
    }

    @Override
    public void later(long picoseconds, Runnable work) {
        delays.add(picoseconds);
        pending.add(work);
    }

    /** Lets all happen that is to come. */
    void run() {
        await(() -> false, 0);
    }
}
