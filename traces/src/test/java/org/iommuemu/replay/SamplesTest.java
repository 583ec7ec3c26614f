// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.measure.CacheFigures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The captures in samples/: the oracle is the recording model, under the rules of {@link AgreementRule}. */
class SamplesTest {
    private static Capture sample(String name) {
        return Capture.open(Path.of("samples", name));
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-linux-nvme, 1289, 439",
        "smmuv3-linux-mixed, 4327, 3513",
        "smmuv3-linux-lazy, 3630, 3594",
        "smmuv3-linux-fault, 3652, 3574",
        "smmuv3-linux-vfio, 4105, 0",
        "smmuv3-linux-passthrough, 48, 48",
        "smmuv3-16k-linux612-vfio, 8640, 0",
        "smmuv3-s2-linux-vfio, 4107, 0"
    })
    void shouldAgreeWithEveryRowOfASnapshotRecordsIncluded(String name, long busyRows, long idleRows) {
        Capture capture = sample(name);

        Agreement busy = verify(capture, capture.busy());
        Agreement idle = capture.idle().map(s -> verify(capture, s)).orElseGet(Agreement::new);

        assertThat(busy.differences()).isEmpty();
        assertThat(idle.differences()).isEmpty();
        assertThat(busy.agreed()).isEqualTo(busyRows);
        assertThat(idle.agreed()).isEqualTo(idleRows);
    }

    private static Agreement verify(Capture capture, Snapshot snapshot) {
        try (SnapshotVerifier verifier = new SnapshotVerifier(capture, snapshot, CacheConfiguration.standard(), true)) {
            return verifier.run();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-linux-nvme, 54",
        "smmuv3-linux-mixed, 194",
        "smmuv3-linux-lazy, 88",
        "smmuv3-linux-fault, 193",
        "smmuv3-linux-vfio, 14",
        "smmuv3-linux-passthrough, 19",
        "smmuv3-16k-linux612-vfio, 14",
        "smmuv3-s2-linux-vfio, 14"
    })
    void shouldReadWhatTheDriverReadFromReset(String name, long reads) {
        Agreement agreement = new ProbeReplay(sample(name)).run();

        assertThat(agreement.differences()).isEmpty();
        assertThat(agreement.agreed()).isEqualTo(reads);
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-linux-nvme, 104712, 0, 4408, 8744",
        "smmuv3-linux-mixed, 142973, 0, 19636, 33447",
        "smmuv3-linux-lazy, 138965, 0, 804, 1578",
        "smmuv3-linux-fault, 158680, 546, 18635, 33471",
        "smmuv3-linux-vfio, 109, 574, 42, 37",
        "smmuv3-linux-passthrough, 111543, 0, 19, 14",
        "smmuv3-16k-linux612-vfio, 74, 2620, 106, 39",
        "smmuv3-s2-linux-vfio, 124, 558, 34, 31"
    })
    void shouldReplayEveryTraceToItsRecordedAddresses(
            String name, long addresses, long refusals, long registerReads, long commands) {
        ReplaySummary s = replay(name, CacheConfiguration.standard());

        assertThat(s.addresses().differences()).isEmpty();
        assertThat(s.refusals().differences()).isEmpty();
        assertThat(s.registerReads().differences()).isEmpty();
        assertThat(s.commandSlots().differences()).isEmpty();
        assertThat(s.addresses().agreed()).isEqualTo(addresses);
        assertThat(s.refusals().agreed()).isEqualTo(refusals);
        assertThat(s.registerReads().agreed()).isEqualTo(registerReads);
        assertThat(s.commandSlots().agreed()).isEqualTo(commands);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16, 1024, 65536})
    void shouldReplayTheSameAddressesWithAnyIotlbSize(int entries) {
        CacheGeometry iotlb = entries == 0
                ? CacheGeometry.none()
                : CacheGeometry.of(Math.max(1, entries / 4), Math.min(4, entries), ReplacementPolicy.LRU);

        ReplaySummary s =
                replay("smmuv3-linux-lazy", CacheConfiguration.standard().withIotlb(iotlb));

        assertThat(s.addresses().agreed()).isEqualTo(138_965);
        assertThat(s.addresses().isComplete()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "ORACLE")
    void shouldReplayTheSameAddressesWithAnyPolicy(ReplacementPolicy policy) {
        ReplaySummary s =
                replay("smmuv3-linux-nvme", CacheConfiguration.standard().withIotlb(CacheGeometry.of(7, 3, policy)));

        assertThat(s.addresses().agreed()).isEqualTo(104_712);
        assertThat(s.addresses().isComplete()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3-linux-fault"})
    void shouldCountWhatTheTraceHolds(String name) {
        ReplaySummary s = replay(name, CacheConfiguration.standard());

        // The numbers of the recorder, see samples/README.md.
        assertThat(s.streams())
                .isEqualTo(Map.of(
                        0x10, 29_575L, 0x100, 19_741L, 0x18, 15_549L, 0x20, 33_687L, 0x28, 27_389L, 0x30, 15_510L, 0x38,
                        16_262L, 0x40, 1L, 0x48, 966L));
        assertThat(s.commands())
                .isEqualTo(Map.of(
                        "TLBI_NH_VA",
                        16_753L,
                        "SYNC",
                        16_676L,
                        "CFGI_STE",
                        21L,
                        "PREFETCH_CONFIG",
                        10L,
                        "TLBI_NH_ASID",
                        9L,
                        "CFGI_STE_RANGE",
                        1L,
                        "TLBI_NSNH_ALL",
                        1L));
        assertThat(s.transactions().translated()).isEqualTo(158_680);
        assertThat(s.transactions().refused()).isEqualTo(546);
        CacheFigures iotlb = s.caches().get(1);
        assertThat(iotlb.hits() + iotlb.misses()).isEqualTo(iotlb.lookups()).isEqualTo(158_680);
        assertThat(iotlb.misses()).isEqualTo(s.walks());
    }

    private static ReplaySummary replay(String name, CacheConfiguration caches) {
        try (CaptureReplay replay = new CaptureReplay(sample(name), caches)) {
            return replay.run(ProgressListener.NONE);
        }
    }
}
