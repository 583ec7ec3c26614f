// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.LookupParameters.Level;
import org.iommuemu.iommu.timing.LookupParameters.Lookup;
import org.iommuemu.paging.WalkObserver;

/** A machine through which every transaction goes in time, with parameters at random; whoever sees it sees the machine alone. */
public final class TimedFront implements Iommu {
    private final Iommu machine;
    private final TimedTranslation timed;
    private final SplittableRandom random;
    private final Journey journey = new Journey();
    private long now;
    private long latest;

    /**
     * A front.
     *
     * @param prefetch pages walked ahead; any number makes a difference to a guest that forgets to invalidate
     */
    public TimedFront(
            Iommu machine,
            TranslationUnit unit,
            BiConsumer<StructureObserver, WalkObserver> observe,
            long seed,
            int prefetch) {
        this.machine = machine;
        random = new SplittableRandom(seed);
        timed = new TimedTranslation(machine, unit, observe, parameters(prefetch));
    }

    /** Times commands too. */
    public TimedCommands commands() {
        return timed.commands();
    }

    /** When the last transaction had its answer, in ps. */
    public long latest() {
        return latest;
    }

    private TimingParameters parameters(int prefetch) {
        TimingParameters.Ordering.Scope[] scopes = TimingParameters.Ordering.Scope.values();
        return new TimingParameters(
                new LookupParameters(time(), level(), level(), lookup(), random.nextBoolean()),
                new WalkParameters(
                        count(),
                        count(),
                        count(),
                        random.nextBoolean(),
                        time(),
                        time(),
                        new WalkParameters.Recovery(time(), time(), 1 + random.nextInt(256), time()),
                        new WalkParameters.Hits(time(), time(), time()),
                        random.nextBoolean()),
                new TableMemoryParameters(
                        time(),
                        new TableMemoryParameters.Slow(random.nextDouble(), time(), random.nextLong()),
                        geometry(),
                        time(),
                        count(),
                        random.nextBoolean() ? 0 : 1_000_000_000L * count()),
                new TimingParameters.Ordering(count(), count(), scopes[random.nextInt(scopes.length)]),
                new TimingParameters.Commands(time(), time(), time(), time(), time()),
                new TimingParameters.Prefetch(prefetch, random.nextBoolean()));
    }

    private long time() {
        return random.nextInt(3) == 0 ? 0 : random.nextInt(200_000);
    }

    private int count() {
        return 1 + random.nextInt(8);
    }

    private Lookup lookup() {
        return new Lookup(count(), time(), time());
    }

    private Level level() {
        return random.nextBoolean() ? Level.NONE : new Level(geometry(), count(), lookup());
    }

    private CacheGeometry geometry() {
        ReplacementPolicy[] policies = ReplacementPolicy.online().toArray(ReplacementPolicy[]::new);
        return random.nextBoolean()
                ? CacheGeometry.none()
                : new CacheGeometry(count(), count(), policies[random.nextInt(policies.length)], 1);
    }

    private long next() {
        now += random.nextInt(50_000);
        timed.commands().toldAt(now);
        journey.clear();
        return now;
    }

    private void ended(long at, long end) {
        if (end - at != journey.total()) {
            throw new AssertionError("parts come to " + journey.total() + " of " + (end - at) + " ps");
        }
        latest = end;
    }

    @Override
    public void translate(Transaction t, Verdict v) {
        long at = next();
        ended(at, timed.translate(t, 64, at, v, journey));
    }

    @Override
    public void forwardTranslated(Transaction t, Verdict v) {
        long at = next();
        ended(at, timed.forwardTranslated(t, t.substreamId(), 64, at, v, journey));
    }

    @Override
    public void requestTranslation(Transaction request, TranslationCompletion completion) {
        long at = next();
        ended(at, timed.requestTranslation(request, 8, at, completion, journey));
    }

    @Override
    public void requestPage(PageRequest request) {
        machine.requestPage(request);
    }

    @Override
    public void invalidationEnded(long ticket, boolean answered) {
        machine.invalidationEnded(ticket, answered);
    }

    @Override
    public void connect(DevicePort port) {
        machine.connect(port);
    }

    @Override
    public long readRegister(long offset, int size) {
        return machine.readRegister(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        next();
        machine.writeRegister(offset, size, value);
    }
}
