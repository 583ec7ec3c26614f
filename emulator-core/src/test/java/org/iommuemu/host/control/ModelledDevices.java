// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;

/** Devices with ATCs, and the clock: what is put off happens when software waits, or a test lets it. */
public final class ModelledDevices implements DevicePort, Patience {
    /** A page in a device's ATC. */
    record Key(int stream, int pasid, long page) implements Comparable<Key> {
        @Override
        public int compareTo(Key o) {
            int order = Integer.compare(stream, o.stream);
            order = order == 0 ? Integer.compare(pasid, o.pasid) : order;
            return order == 0 ? Long.compare(page, o.page) : order;
        }
    }

    /** What an ATC has of a page. */
    record Cached(long physical, boolean readable, boolean writable) {}

    /** Answers to page requests, in their order. */
    public final List<PageResponse> responses = new ArrayList<>();

    /** Invalidations, in their order. */
    public final List<AtcInvalidation> invalidations = new ArrayList<>();

    /** Whether devices answer invalidations only when software waits, or a test lets time pass. */
    public boolean answerLater;

    /** Whether devices do not answer invalidations, until their time is up. */
    public boolean silent;

    final TreeMap<Key, Cached> atc = new TreeMap<>();
    final Deque<Runnable> pending = new ArrayDeque<>();
    private Iommu iommu;

    void connect(Iommu to) {
        iommu = to;
        to.connect(this);
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        invalidations.add(request);
        if (silent) {
            pending.add(() -> iommu.invalidationEnded(request.ticket(), false));
            return Invalidation.PENDING;
        }
        if (answerLater) {
            pending.add(() -> {
                drop(request);
                iommu.invalidationEnded(request.ticket(), true);
            });
            return Invalidation.PENDING;
        }
        drop(request);
        return Invalidation.ENDED;
    }

    private void drop(AtcInvalidation i) {
        atc.keySet().removeIf(k -> k.stream == i.streamId() && isOfPasid(k, i) && isInSpan(k, i));
    }

    private static boolean isOfPasid(Key k, AtcInvalidation i) {
        return i.global() ? k.pasid != IommuDriver.NO_PASID : k.pasid == i.substreamId();
    }

    private static boolean isInSpan(Key k, AtcInvalidation i) {
        return i.log2Bytes() == 64 || (k.page ^ i.address()) >>> i.log2Bytes() == 0;
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
        pending.add(work);
    }

    /** Lets all happen that is to come. */
    public void run() {
        await(() -> false, 0);
    }
}
