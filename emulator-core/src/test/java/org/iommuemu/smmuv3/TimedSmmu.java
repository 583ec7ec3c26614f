// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.iommu.timing.WalkParameters.Recovery;
import org.iommuemu.paging.build.TableBuilder;

/** For hand-made schedules, in ps: a lookup takes 2,000, a walk of one read 10,000 + 100,000 + 5,000. */
abstract class TimedSmmu {
    static final int STREAM = 1;
    static final int PAGES = 1024;
    static final int LINE = 64;
    static final long LOOKUP = 2_000;
    static final long BEFORE = 10_000;
    static final long READ = 100_000;
    static final long AFTER = 5_000;
    static final long MISS = LOOKUP + BEFORE + READ + AFTER;
    /** Long after everything before it. */
    static final long LATER = 1_000_000_000;

    final Verdict verdict = new Verdict();
    final Journey journey = new Journey();
    final Transaction transaction = new Transaction();

    static TimingParameters parameters(WalkParameters walk, int window) {
        return new TimingParameters(
                new LookupParameters(1, 1_000, LOOKUP), walk, new TableMemoryParameters(READ, 0, 0, 1), window, window);
    }

    static WalkParameters walk(int walkers, Recovery recovery, boolean serial) {
        return new WalkParameters(walkers, walkers, BEFORE, AFTER, recovery, serial);
    }

    static SmmuFixture machine(CacheConfiguration caches) {
        SmmuFixture f = new SmmuFixture(SmmuFeatures.full(), caches).enable();
        TableBuilder t = f.stage1(STREAM, 1);
        for (int page = 0; page < PAGES; page++) {
            if (page % 16 != 15) {
                t.map(page * 0x1000L, 0x4000_0000L + page * 0x1000L, TableBuilder.READ_WRITE);
            }
        }
        return f;
    }

    /** A machine whose configuration and upper tables are cached, by two accesses at time 0. */
    TimedTranslation warm(SmmuFixture f, TimingParameters parameters) {
        TimedTranslation timed = new TimedTranslation(f.smmu, f.smmu.unit(), f.smmu::observe, parameters);
        at(timed, 0, 0);
        at(timed, 0, 512);
        return timed;
    }

    long at(TimedTranslation timed, long time, int page) {
        return at(timed, time, page, LINE, Access.READ);
    }

    long at(TimedTranslation timed, long time, int page, int bytes, int access) {
        transaction.set(STREAM, Transaction.NO_SUBSTREAM, page * 0x1000L, access);
        journey.clear();
        long latency = timed.translate(transaction, bytes, time, verdict, journey) - time;
        if (journey.total() != latency) {
            throw new AssertionError("parts come to " + journey.total() + " of " + latency + " ps");
        }
        return latency;
    }
}
