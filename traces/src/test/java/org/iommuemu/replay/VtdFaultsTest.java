// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A unit whose tables are all zero: every request ends in reason 1, root entry not present. */
class VtdFaultsTest {
    private final PhysicalMemory memory = new PhysicalMemory();

    private Vtd unit(int records) {
        VtdFeatures full = VtdFeatures.full();
        BitField nfr = Capability.NFR;
        VtdFeatures features = new VtdFeatures(full.ver(), nfr.set(full.cap(), records - 1), full.ecap());
        Vtd vtd = new Vtd(memory, features, CacheConfiguration.none(), InterruptSink.NONE);
        // SRTP, then TE.
        vtd.writeRegister(0x18, 4, 0x4000_0000);
        vtd.writeRegister(0x18, 4, 0x8000_0000L);
        return vtd;
    }

    @Test
    void shouldTakeEveryRecordAndMakeRoomForMore() {
        Vtd vtd = unit(2);
        FaultRecordReader reader = new FaultRecordReader(vtd);
        Verdict verdict = new Verdict();

        for (int page = 1; page <= 3; page++) {
            vtd.translate(new Transaction().read(0x10, page * 0x1000L), verdict);
        }

        // The third found no room.
        assertThat(reader.drain()).isEqualTo(2);
        assertThat(reader.last()).containsExactly(0x2000, 0xC000_0001_0000_0010L);
        assertThat(reader.drain()).isZero();
        vtd.translate(new Transaction().write(0x10, 0x9000), verdict);
        assertThat(reader.drain()).isEqualTo(1);
        assertThat(reader.last()).containsExactly(0x9000, 0x8000_0001_0000_0010L);
    }

    @ParameterizedTest
    @CsvSource({
        "reason_0x5, reason_0x5, true, false",
        "reason_0x5, reason_0x85, true, true",
        "reason_0x5, reason_0x79, true, true",
        "reason_0x5, reason_0x86, false, false",
        "reason_0x6, reason_0x86, true, true",
        "reason_0x6, reason_0x79, true, true",
        "reason_0x4, reason_0x84, true, true",
        "reason_0x4, reason_0x83, true, true",
        "reason_0x85, reason_0x5, false, false",
        "reason_0x71, reason_0x85, false, false",
        "reason_0x2, reason_0x41, false, false"
    })
    void shouldLetLegacyReasonsStandForTheirScalableCauses(
            String recorded, String found, boolean agrees, boolean byRule) {
        Comparison c = new VtdFaults(unit(1)).kind(recorded, found);

        assertThat(c.agrees()).isEqualTo(agrees);
        assertThat(c.rules().contains(AgreementRule.LEGACY_REASON)).isEqualTo(byRule);
    }

    @ParameterizedTest
    @CsvSource({
        // found, recorded: equal; PP and PV; PV alone; another source; another page; type; PASID fields of one that had
        // a PASID
        "0x1000, 0xC000000100000010, 0x1000, 0xC000000100000010, true, false",
        "0x1000, 0xC000000100000010, 0x1000, 0xC000000180000010, true, true",
        "0x1000, 0xC000000100000010, 0x1000, 0xC0FFFF0100000010, true, true",
        "0x1000, 0xC000000100000010, 0x1000, 0xC000000100000018, false, false",
        "0x1000, 0xC000000100000010, 0x2000, 0xC000000100000010, false, false",
        "0x1000, 0xC000000100000010, 0x1000, 0x8000000100000010, false, false",
        "0x1000, 0xC000000180000010, 0x1000, 0xC000000100000010, false, false"
    })
    void shouldIgnorePasidFieldsOnlyOfRequestsWithoutPasid(
            String low, String high, String recordedLow, String recordedHigh, boolean agrees, boolean byRule) {
        long[] found = {Long.parseUnsignedLong(low.substring(2), 16), Long.parseUnsignedLong(high.substring(2), 16)};
        long[] recorded = {
            Long.parseUnsignedLong(recordedLow.substring(2), 16), Long.parseUnsignedLong(recordedHigh.substring(2), 16)
        };

        Comparison c = new VtdFaults(unit(1)).record(recorded, found);

        assertThat(c.agrees()).isEqualTo(agrees);
        assertThat(c.rules().contains(AgreementRule.PASID_FIELDS)).isEqualTo(byRule);
    }

    @Test
    void shouldNameThePermissionFaultOfTheTableMode() {
        Vtd vtd = unit(1);
        VtdFaults faults = new VtdFaults(vtd);

        assertThat(faults.permission(true)).isEqualTo("reason_0x5");
        assertThat(faults.permission(false)).isEqualTo("reason_0x6");
        vtd.writeRegister(0x20, 8, 0x400);
        assertThat(faults.permission(true)).isEqualTo("reason_0x85");
        assertThat(faults.permission(false)).isEqualTo("reason_0x86");
        assertThat(faults.name(FaultReason.SM_NO_WRITE)).isEqualTo("reason_0x85");
    }
}
