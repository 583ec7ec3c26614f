// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.iommuemu.capture.InputException;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same traces on every machine that there is for them. */
class TraceMachinesTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final MeasureWindow ALL = MeasureWindow.EVERYTHING;

    @TempDir
    private Path temp;

    private static Settings on(String machine) {
        String[] parts = machine.split(" ");
        return TraceFiles.settings("machine.iommu", parts[0], "machine.stages", parts[1]);
    }

    /** Hits and misses do not depend on what the tables look like: one for each page that is mapped and used. */
    @ParameterizedTest
    @CsvSource({
        "smmuv3 1",
        "smmuv3 2",
        "smmuv3 nested",
        "vtd-legacy 2",
        "vtd-scalable 1",
        "vtd-scalable 2",
        "vtd-scalable nested"
    })
    void shouldTranslateAndMissTheSameOnEveryMachine(String machine) throws IOException {
        // 5,000 packets: a ring, a mailbox, four buffers. 2,500 lines for each of two tenants are 40 pages. A ring's
        // pages are used once.
        assertMisses(machine, TracePattern.HYPER_TENANT, 1, 15_000, 6);
        assertMisses(machine, TracePattern.SEQUENTIAL, 2, 5000, 2 * 40);
        assertMisses(machine, TracePattern.RING, 2, 4000, 4000);
    }

    private void assertMisses(String machine, TracePattern pattern, int tenants, long records, long misses)
            throws IOException {
        Path file = TraceFiles.make(temp, pattern, tenants, records);

        TraceReplaySummary s = TraceRun.functional(file, on(machine))
                .run(ProgressListener.NONE)
                .summary();

        assertThat(s.machine().addresses()).hasToString(records + " of " + records);
        assertThat(TraceFiles.cache(s, "iotlb").misses()).isEqualTo(misses);
        assertThat(TraceFiles.cache(s, "iotlb").lookups()).isEqualTo(records);
        assertThat(s.machine().transactions().translated()).isEqualTo(records);
        assertThat(s.addressSpaces()).isEqualTo(tenants);
    }

    /**
     * Configuration cache, IOTLB and walk caches of the first tables. They are fully associative: the tags of the architectures, which are
     * different numbers, decide where in a set-associative cache something is.
     */
    @Test
    void shouldFillCachesOfTheSameShapeInTheSameWay() throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.UNIFORM, 4, 20_000);

        List<String> smmu = caches(file, "smmuv3 1");

        assertThat(smmu).hasSize(5).noneMatch(c -> c.startsWith("0 hits"));
        assertThat(caches(file, "smmuv3 nested")).isEqualTo(smmu);
        assertThat(caches(file, "vtd-legacy 2")).isEqualTo(smmu);
        assertThat(caches(file, "vtd-scalable 1")).isEqualTo(smmu);
        assertThat(caches(file, "vtd-scalable nested")).isEqualTo(smmu);
    }

    private static List<String> caches(Path file, String machine) {
        Settings small = on(machine)
                .with(Parameter.CONFIGURATION_CACHE, "3")
                .with(Parameter.CONFIGURATION_CACHE_WAYS, "0")
                .with(Parameter.CONFIGURATION_CACHE_POLICY, "random")
                .with(Parameter.IOTLB_ENTRIES, "512")
                .with(Parameter.IOTLB_WAYS, "0")
                .with(Parameter.WALK_CACHE_1, "16")
                .with(Parameter.WALK_CACHE_2, "3")
                .with(Parameter.WALK_CACHE_3, "16")
                .with(Parameter.WALK_CACHE_WAYS, "0")
                .with(Parameter.WALK_CACHE_POLICY, "random");
        return TraceRun.functional(file, small).run(ProgressListener.NONE).summary().machine().caches().stream()
                .limit(5)
                .map(c -> c.hits() + " hits, " + c.misses() + " misses, " + c.evictions() + " evictions")
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"smmuv3 nested", "vtd-legacy 2", "vtd-scalable 1", "vtd-scalable nested"})
    void shouldDoTheSameWithTimeAsWithout(String machine) throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.UNIFORM, 3, 6000);
        Settings settings = on(machine).with(Parameter.IOTLB_ENTRIES, "64");

        TraceRun.Result plain = TraceRun.functional(file, settings).run(ProgressListener.NONE);
        TraceRun.Result timed = TraceRun.timed(file, settings, new TraceRun.Timing(0, ALL, null))
                .run(ProgressListener.NONE);

        assertThat(timed.summary().machine().caches())
                .isEqualTo(plain.summary().machine().caches());
        assertThat(timed.summary().agrees()).isTrue();
        assertThat(Objects.requireNonNull(timed.timing()).transactions()).isEqualTo(6000);
        assertThat(timed.timing().latencies().all().histogram().getMaxValue()).isPositive();
    }

    @Test
    void shouldHaveAnAddressSpaceForEachPasidInScalableMode() throws IOException {
        Path file = TraceFiles.csv(
                temp,
                "1,map,7,,0x1000,4096,rw,12,0x5000,",
                "1,map,7,9,0x1000,4096,rw,12,0x6000,",
                "2,read,7,,0x1000,8,,,0x5000,",
                "3,atomic,7,9,0x1008,8,,,0x6008,");

        TraceReplaySummary s = TraceRun.functional(file, on("vtd-scalable 1"))
                .run(ProgressListener.NONE)
                .summary();

        assertThat(s.machine().addresses()).hasToString("2 of 2");
        assertThat(s.addressSpaces()).isEqualTo(2);
    }

    /** By default a VT-d requester may not use ATS; the first request shows that this one does. */
    @ParameterizedTest
    @CsvSource({"smmuv3 1", "vtd-legacy 2", "vtd-scalable 1"})
    void shouldAnswerDevicesThatUseAts(String machine) throws IOException {
        Path file = TraceFiles.csv(
                temp,
                "1,map,7,,0x1000,4096,rw,12,0x5000,",
                "2,ats-request,7,,0x1000,8,w,,,",
                "3,read,7,,0x1008,8,,,0x5008,");

        TraceReplaySummary s = TraceRun.functional(file, on(machine))
                .run(ProgressListener.NONE)
                .summary();

        assertThat(s.machine().events()).isEmpty();
        assertThat(s.machine().walks()).isEqualTo(1);
        assertThat(s.machine().addresses()).hasToString("1 of 1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vtd-scalable 1 | 1,read,0x10000,,0x1000,8,,,, | record 1: stream is 0x10000; expected a requester id",
                "vtd-legacy 2 | 1,map,0x12345,,0x1000,4096,r,12,0x0, | record 1: stream is 0x12345; expected a requester id",
                "vtd-legacy 2 | 1,map,1,5,0x1000,4096,r,12,0x0, | record 1: PASID 5 is mapped in legacy mode; expected no PASID",
                "vtd-legacy 1 | 1,read,1,,0x1000,8,,,, | machine.stages is 1 and machine.iommu is vtd-legacy; expected 2",
                "vtd-legacy nested | 1,read,1,,0x1000,8,,,, | machine.stages is nested and machine.iommu is vtd-legacy"
            })
    void shouldSayWhatAMachineDoesNotHave(String machine, String record, String expected) throws IOException {
        Path file = TraceFiles.csv(temp, record);

        assertThatThrownBy(() -> TraceRun.functional(file, on(machine)).run(ProgressListener.NONE))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void shouldTakeTheSecondStageInLegacyModeIfNobodyHasSaidWhich() throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.SEQUENTIAL, 1, 100);
        TraceRun run = TraceRun.functional(file, TraceFiles.settings("machine.iommu", "vtd-legacy"));

        TraceReplaySummary s = run.run(ProgressListener.NONE).summary();

        assertThat(s.machine().addresses()).hasToString("100 of 100");
        assertThat(run.settings().text(Parameter.STAGES)).isEqualTo("2");
    }

    @ParameterizedTest
    @CsvSource({"smmuv3 1", "vtd-scalable 1"})
    void shouldTakePageRequestsToTheMachine(String machine) throws IOException {
        Path file = TraceFiles.csv(temp, "1,map,7,9,0x1000,4096,rw,12,0x5000,", "2,page-request,7,9,0x2000,0,rl,,,5");

        TraceReplaySummary s = TraceRun.functional(file, on(machine))
                .run(ProgressListener.NONE)
                .summary();

        assertThat(s.machine().others()).containsEntry("pageRequests", 1L);
        assertThat(s.machine().events()).isEmpty();
    }

    /**
     * What is left, for half a million records, is a window of the file and the buffers that move: less than a byte a record. Where unmapping
     * is lazy, each 4 KiB of some 110 buffers of 2 MiB is noted.
     */
    @ParameterizedTest
    @CsvSource({
        "smmuv3, lazy, trace, 4000000",
        "vtd-scalable, strict, trace, 500000",
        "smmuv3, strict, identity, 500000"
    })
    void shouldAllocateNothingForARecord(String iommu, String unmap, String mapping, long most) throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.HYPER_TENANT, 64, 750_000);
        Settings settings =
                TraceFiles.settings("machine.iommu", iommu, "machine.unmap", unmap, "machine.mapping", mapping);
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = TraceRun.functional(file, settings).replay(MachineParameters.caches(settings))) {
            replay.run(trace, 250_000);

            long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            replay.run(trace, 500_000);
            long allocated =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;

            assertThat(allocated).isLessThan(most);
            assertThat(replay.summary("t").total()).isEqualTo(750_000);
        }
    }
}
