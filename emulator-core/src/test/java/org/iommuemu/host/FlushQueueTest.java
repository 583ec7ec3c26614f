// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Invalidations that are deferred, with 250 ticks a second: rules of Linux' dma-iommu.c. */
class FlushQueueTest {
    private static final long MILLISECOND = 1_000_000_000L;
    private static final long PAGE = 0x1000;
    private static final long BASE = 0x100_0000;
    private static final long PHYSICAL = 0x8000_0000L;
    private static final int STREAM = 8;
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<String> sent = new ArrayList<>();
    private final Clock clock = new Clock();

    /** Time that goes on when it is told to. */
    private static final class Clock implements Patience {
        private record Timer(long due, Runnable work) {}

        private final List<Timer> timers = new ArrayList<>();
        private long now;

        @Override
        public boolean await(BooleanSupplier done, long picoseconds) {
            return done.getAsBoolean();
        }

        @Override
        public long now() {
            return now;
        }

        @Override
        public void later(long picoseconds, Runnable work) {
            timers.add(new Timer(now + picoseconds, work));
        }

        void goOnTo(long time) {
            now = time;
            List<Timer> due = timers.stream().filter(t -> t.due <= now).toList();
            timers.removeAll(due);
            due.forEach(t -> t.work.run());
        }
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private record Machine(Iommu iommu, IommuDriver driver, Domain domain) {
        long read(long iova) {
            Verdict verdict = new Verdict();
            iommu.translate(new Transaction().set(STREAM, NONE, iova, Access.READ), verdict);
            return verdict.isOk() ? verdict.address() : -1;
        }

        void map(int page) {
            driver.map(domain, BASE + page * PAGE, PHYSICAL + page * PAGE, PAGE, 12, READ_WRITE);
        }

        void unmap(int page) {
            driver.unmap(domain, BASE + page * PAGE, PAGE, 12);
        }

        void mapAndUnmap(int first, int pages) {
            for (int p = first; p < first + pages; p++) {
                map(p);
                unmap(p);
            }
        }
    }

    private Machine machine(boolean smmu) {
        Iommu iommu;
        IommuDriver driver;
        if (smmu) {
            SmmuV3 made = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);
            made.observeSoftware(null, (command, word0, word1) -> sent.add(command.name()));
            iommu = made;
            driver = new SmmuDriver(made, memory, StageLayout.STAGE_1, clock);
        } else {
            Vtd made = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);
            made.observeSoftware(null, (descriptor, word0, word1) -> sent.add(descriptor.name()));
            iommu = made;
            driver = new VtdDriver(made, memory, StageLayout.STAGE_2, false, clock);
        }
        Domain domain = driver.newDomain(smmu ? Domain.Kind.FIRST_STAGE : Domain.Kind.SECOND_STAGE);
        driver.attach(STREAM, NONE, domain);
        driver.defer(domain, FlushQueueParameters.linux(250));
        sent.clear();
        return new Machine(iommu, driver, domain);
    }

    /** Sixteen milliseconds: 10 are 3 jiffies, and a timer runs in the one behind. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldInvalidateAllAtOnceByTheTimer(boolean smmu) {
        Machine machine = machine(smmu);
        machine.mapAndUnmap(0, 3);
        clock.goOnTo(16 * MILLISECOND - 1);
        assertThat(sent).isEmpty();

        clock.goOnTo(16 * MILLISECOND);

        assertThat(sent).isEqualTo(smmu ? List.of("TLBI_NH_ASID", "SYNC") : List.of("IOTLB", "WAIT"));
    }

    @ParameterizedTest
    @CsvSource({"0, 16000", "1, 15999", "3999, 12001", "4000, 16000", "1000000, 16000"})
    void shouldRunTheTimerByATick(long microseconds, long delay) {
        FlushQueueParameters parameters = FlushQueueParameters.linux(250);

        long found = parameters.delay(microseconds * 1_000_000);

        assertThat(found).isEqualTo(delay * 1_000_000);
    }

    @Test
    void shouldRunTheTimerLaterWhereTicksAreRarer() {
        assertThat(FlushQueueParameters.linux(1000).delay(0)).isEqualTo(11 * MILLISECOND);
        assertThat(FlushQueueParameters.linux(100).delay(0)).isEqualTo(20 * MILLISECOND);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldLeaveStaleTranslationsUntilTheFlushAndNoneBehindIt(boolean smmu) {
        Machine machine = machine(smmu);
        machine.map(0);
        assertThat(machine.read(BASE)).isEqualTo(PHYSICAL);

        machine.unmap(0);
        long before = machine.read(BASE);
        clock.goOnTo(16 * MILLISECOND);

        assertThat(before).isEqualTo(PHYSICAL);
        assertThat(machine.read(BASE)).isEqualTo(-1);
    }

    /** The range that fills the ring is queued behind the flush, so that it waits for the next one although it was covered. */
    @Test
    void shouldFlushWhenARingIsFull() {
        Machine machine = machine(true);
        machine.mapAndUnmap(0, 255);
        assertThat(sent).isEmpty();

        machine.mapAndUnmap(255, 1);

        assertThat(sent).containsExactly("TLBI_NH_ASID", "SYNC");
        machine.map(0);
        machine.map(254);
        assertThatThrownBy(() -> machine.map(255)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldLeaveTheTimerArmedWhenARingIsFull() {
        Machine machine = machine(true);
        machine.mapAndUnmap(0, 256);
        sent.clear();

        clock.goOnTo(16 * MILLISECOND);

        assertThat(sent).containsExactly("TLBI_NH_ASID", "SYNC");
        assertThat(clock.timers).isEmpty();
        machine.map(255);
    }

    @Test
    void shouldHaveARingForEachCpu() {
        Machine machine = machine(true);
        machine.mapAndUnmap(0, 255);
        machine.driver().cpu(1);
        machine.mapAndUnmap(255, 255);
        assertThat(sent).isEmpty();

        machine.driver().cpu(0);
        machine.mapAndUnmap(600, 1);

        assertThat(sent).containsExactly("TLBI_NH_ASID", "SYNC");
        machine.map(0);
        assertThatThrownBy(() -> machine.map(255)).hasMessageContaining("expected an address that is free");
    }

    @Test
    void shouldRefuseToMapWhatIsStillQueued() {
        Machine machine = machine(true);
        machine.driver().map(machine.domain(), BASE, PHYSICAL, 4 * PAGE, 12, READ_WRITE);
        machine.driver().unmap(machine.domain(), BASE, 4 * PAGE, 12);

        assertThatThrownBy(() -> machine.map(3))
                .hasMessage("0x1003000 is mapped again before it was invalidated, expected an address that is free");
        machine.map(4);
        clock.goOnTo(16 * MILLISECOND);
        machine.map(3);

        assertThat(machine.read(BASE + 3 * PAGE)).isEqualTo(PHYSICAL + 3 * PAGE);
    }

    @Test
    void shouldFlushNothingOfADomainThatIsNoMore() {
        Machine machine = machine(true);
        machine.mapAndUnmap(0, 1);
        machine.driver().detach(STREAM, NONE);
        machine.driver().free(machine.domain());
        sent.clear();

        clock.goOnTo(16 * MILLISECOND);

        assertThat(sent).isEmpty();
    }

    @Test
    void shouldLeaveOtherDomainsStrict() {
        Machine machine = machine(true);
        Domain strict = machine.driver().newDomain(Domain.Kind.FIRST_STAGE);
        machine.driver().map(strict, BASE, PHYSICAL, PAGE, 12, READ_WRITE);

        machine.driver().unmap(strict, BASE, PAGE, 12);

        assertThat(sent).containsExactly("TLBI_NH_VA", "SYNC");
        assertThat(clock.timers).isEmpty();
    }
}
