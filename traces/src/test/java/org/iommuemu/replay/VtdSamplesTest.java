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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The VT-d captures in samples/: the oracle is the recording model, under the rules of {@link AgreementRule}. Row counts are those
 * of samples/README.md.
 */
class VtdSamplesTest {
    private static Capture sample(String name) {
        return Capture.open(Path.of("samples", name));
    }

    @ParameterizedTest
    @CsvSource({
        "vtd-legacy-linux-nvme, 13503, 13072",
        "vtd-legacy-linux-fault, 16694, 16165",
        "vtd-legacy-linux-passthrough, 0, 0",
        "vtd-legacy48-linux-vfio, 16807, 0",
        "vtd-scalable-linux-mixed, 16854, 16096",
        "vtd-scalable-linux-vfio, 16807, 0",
        "vtd-flts-linux612-vfio, 16809, 0"
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

    /** As many rows as have a fault; none where the reasons are those of the architecture. */
    @ParameterizedTest
    @CsvSource({
        "vtd-legacy-linux-nvme, 0, 148",
        "vtd-legacy-linux-fault, 0, 835",
        "vtd-legacy48-linux-vfio, 0, 68",
        "vtd-scalable-linux-mixed, 957, 957",
        "vtd-scalable-linux-vfio, 68, 68",
        "vtd-flts-linux612-vfio, 0, 70"
    })
    void shouldSayByWhichRulesRowsAgree(String name, int reasons, int pasidFields) {
        Capture capture = sample(name);

        Map<AgreementRule, Integer> rules = verify(capture, capture.busy()).byRule();

        assertThat(rules.getOrDefault(AgreementRule.LEGACY_REASON, 0)).isEqualTo(reasons);
        assertThat(rules.getOrDefault(AgreementRule.PASID_FIELDS, 0)).isEqualTo(pasidFields);
        assertThat(rules.keySet()).isSubsetOf(AgreementRule.LEGACY_REASON, AgreementRule.PASID_FIELDS);
    }

    private static Agreement verify(Capture capture, Snapshot snapshot) {
        try (SnapshotVerifier verifier = new SnapshotVerifier(capture, snapshot, CacheConfiguration.standard(), true)) {
            return verifier.run();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vtd-legacy-linux-nvme, 7",
        "vtd-legacy-linux-fault, 14",
        "vtd-legacy-linux-passthrough, 7",
        "vtd-legacy48-linux-vfio, 5",
        "vtd-scalable-linux-mixed, 13",
        "vtd-scalable-linux-vfio, 5",
        "vtd-flts-linux612-vfio, 5"
    })
    void shouldReadEveryContextAsTheRecorderDid(String name, long contexts) {
        Capture capture = sample(name);

        Agreement busy = new ContextVerifier(capture, capture.busy()).run();

        assertThat(busy.differences()).isEmpty();
        assertThat(busy.agreed()).isEqualTo(contexts);
    }

    @Test
    void shouldHavePassThroughInEveryContextOfThatCapture() {
        assertThat(sample("vtd-legacy-linux-passthrough").busy().contexts())
                .hasSize(7)
                .allSatisfy(c -> assertThat(c.type()).isEqualTo(2));
    }

    @ParameterizedTest
    @CsvSource({
        "vtd-legacy-linux-nvme, 6236",
        "vtd-legacy-linux-fault, 14647",
        "vtd-legacy-linux-passthrough, 7929",
        "vtd-legacy48-linux-vfio, 3897",
        "vtd-scalable-linux-mixed, 14971",
        "vtd-scalable-linux-vfio, 4060",
        "vtd-flts-linux612-vfio, 3894"
    })
    void shouldRemapEveryInterruptAsRecorded(String name, long messages) {
        Agreement agreement = new InterruptReplay(sample(name), CacheConfiguration.standard()).run();

        assertThat(agreement.differences()).isEmpty();
        assertThat(agreement.agreed()).isEqualTo(messages);
    }

    /** Values are recorded of CAP and ECAP, twice each, and VER. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "vtd-legacy-linux-nvme",
                "vtd-legacy-linux-fault",
                "vtd-legacy-linux-passthrough",
                "vtd-legacy48-linux-vfio",
                "vtd-scalable-linux-mixed",
                "vtd-scalable-linux-vfio",
                "vtd-flts-linux612-vfio"
            })
    void shouldReadWhatTheDriverReadFromReset(String name) {
        Agreement agreement = new ProbeReplay(sample(name)).run();

        assertThat(agreement.differences()).isEmpty();
        assertThat(agreement.agreed()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({
        "vtd-legacy-linux-nvme, 76976, 0, 0, 6476",
        "vtd-legacy-linux-fault, 129061, 548, 5, 30676",
        "vtd-legacy-linux-passthrough, 0, 0, 0, 102",
        "vtd-legacy48-linux-vfio, 143, 590, 6, 56",
        "vtd-scalable-linux-mixed, 165826, 0, 0, 46099",
        "vtd-scalable-linux-vfio, 143, 590, 6, 53",
        "vtd-flts-linux612-vfio, 143, 590, 6, 52"
    })
    void shouldReplayEveryTraceToItsRecordedAddresses(
            String name, long addresses, long refusals, long faultRecords, long commands) {
        ReplaySummary s = replay(name, CacheConfiguration.standard());

        assertThat(s.agrees()).isTrue();
        assertThat(s.addresses().agreed()).isEqualTo(addresses);
        assertThat(s.refusals().agreed()).isEqualTo(refusals);
        assertThat(s.faultRecords().agreed()).isEqualTo(faultRecords);
        assertThat(s.eventInterrupts()).isEqualTo(faultRecords);
        assertThat(s.registerReads().agreed()).isEqualTo(5);
        assertThat(s.commandSlots().agreed()).isEqualTo(commands);
        assertThat(s.interruptMessages().agreed()).isPositive();
    }

    /** PASID cache invalidations, by the slots that IQT skips in the trace. */
    @ParameterizedTest
    @CsvSource({
        "vtd-legacy48-linux-vfio, 0",
        "vtd-scalable-linux-mixed, 1",
        "vtd-scalable-linux-vfio, 3",
        "vtd-flts-linux612-vfio, 2"
    })
    void shouldAddTheCommandsThatAreNotRecorded(String name, long added) {
        ReplaySummary s = replay(name, CacheConfiguration.standard());

        assertThat((long) s.commandSlots().byRule().getOrDefault(AgreementRule.UNRECORDED_COMMAND, 0))
                .isEqualTo(added);
        assertThat(s.commands().getOrDefault("PASID_CACHE", 0L)).isEqualTo(added);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16, 1024, 65536})
    void shouldReplayTheSameAddressesWithAnyIotlbSize(int entries) {
        CacheGeometry iotlb = entries == 0
                ? CacheGeometry.none()
                : CacheGeometry.of(Math.max(1, entries / 4), Math.min(4, entries), ReplacementPolicy.LRU);

        ReplaySummary s =
                replay("vtd-legacy-linux-fault", CacheConfiguration.standard().withIotlb(iotlb));

        assertThat(s.agrees()).isTrue();
        assertThat(s.addresses().agreed()).isEqualTo(129_061);
        assertThat(s.refusals().agreed()).isEqualTo(548);
    }

    @ParameterizedTest
    @EnumSource(value = ReplacementPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "ORACLE")
    void shouldReplayTheSameAddressesWithAnyPolicy(ReplacementPolicy policy) {
        ReplaySummary s = replay(
                "vtd-legacy-linux-nvme", CacheConfiguration.standard().withIotlb(CacheGeometry.of(7, 3, policy)));

        assertThat(s.agrees()).isTrue();
        assertThat(s.addresses().agreed()).isEqualTo(76_976);
    }

    @Test
    void shouldCountWhatTheTraceHolds() {
        ReplaySummary s = replay("vtd-legacy-linux-fault", CacheConfiguration.standard());

        // The numbers of the recorder.
        assertThat(s.streams())
                .isEqualTo(Map.of(
                        0x10, 17_170L, 0x100, 17_399L, 0x18, 11_121L, 0x20, 28_559L, 0x28, 25_049L, 0x30, 14_942L, 0x38,
                        13_923L, 0x48, 880L, 0xfa, 18L));
        assertThat(s.commands())
                .isEqualTo(
                        Map.of("WAIT", 15_338L, "IOTLB", 15_241L, "INTERRUPT_ENTRY_CACHE", 96L, "CONTEXT_CACHE", 1L));
        assertThat(s.events()).isEqualTo(Map.of("NO_WRITE", 528L, "NO_READ", 16L, "ADDRESS_WIDTH", 4L));
        assertThat(s.transactions().translated()).isEqualTo(129_061);
        assertThat(s.transactions().refused()).isEqualTo(548);
    }

    private static ReplaySummary replay(String name, CacheConfiguration caches) {
        try (CaptureReplay replay = new CaptureReplay(sample(name), caches)) {
            return replay.run(ProgressListener.NONE);
        }
    }
}
