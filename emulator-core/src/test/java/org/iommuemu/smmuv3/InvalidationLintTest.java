// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each TLBI command covers, as lint counts it (fact sheet 4.3; IHI 0070 §4.4). */
class InvalidationLintTest {
    private static final long CFGI_ALL = 4;

    private final SmmuBench b = new SmmuBench(SmmuFeatures.full(), CacheConfiguration.standard());
    private final SmmuLint lint = b.lint();

    InvalidationLintTest() {
        b.start();
    }

    @AfterEach
    void close() {
        b.close();
    }

    private List<String> rules() {
        return lint.log().findings().stream().map(f -> f.rule().id()).toList();
    }

    @ParameterizedTest(name = "{0}: {1} {2}")
    @CsvSource({
        "TLBI_NSNH_ALL, 0x30, 0, true",
        "TLBI_S12_VMALL, 0x28, 0, true",
        "TLBI_S12_VMALL of another VMID, 0x100000028, 0, false",
        "TLBI_NH_ALL, 0x10, 0, true",
        "TLBI_NH_ALL of another VMID, 0x100000010, 0, false",
        "TLBI_NH_ASID, 0x0005000000000011, 0, true",
        "TLBI_NH_ASID of another ASID, 0x0006000000000011, 0, false",
        "TLBI_NH_VA, 0x0005000000000012, 0x7000, true",
        "TLBI_NH_VA of another page, 0x0005000000000012, 0x8000, false",
        "TLBI_NH_VA of another ASID, 0x0006000000000012, 0x7000, false",
        "TLBI_NH_VAA, 0x13, 0x7000, true",
        "TLBI_NH_VAA of another VMID, 0x100000013, 0x7000, false",
        // NUM in 16:12, SCALE in 24:20, TG=01 (4K) in word 1, 11:10: (NUM+1) * 2^SCALE pages.
        "range that ends on the page, 0x0005000000003012, 0x4400, true",
        "range that ends before it, 0x0005000000002012, 0x4400, false",
        "range that starts after it, 0x0005000000003012, 0x8400, false",
        "scaled range, 0x0005000000201012, 0x0400, true",
        "scaled range that ends before it, 0x0005000000100012, 0x4400, false",
        "a long range, 0x0005000001F1F012, 0x0400, true",
        "the longest range, 0x0005000003F1F012, 0x0400, true",
        "the longest range from behind it, 0x0005000003F1F012, 0x8400, false",
        "TLBI_S2_IPA, 0x2A, 0x7000, false",
        "TLBI_EL2_ALL, 0x20, 0, false",
    })
    void shouldMissTheSyncOfACommandThatCoversThePage(String what, long word0, long word1, boolean covered) {
        TestCd cd = b.stage1(5).map(0x7000, SmmuBench.DATA).map(0x9000, SmmuBench.DATA);
        b.read(5, 0x7000);
        cd.map(0x7000, SmmuBench.DATA + 0x5000);
        b.command(word0, word1);
        b.read(5, 0x7000);

        // What no command covers is for the stale detector, not for lint; and what is cached is no walk.
        assertThat(rules()).as(what).isEqualTo(covered ? List.of("tlbi-not-synced") : List.of());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "TLBI_NSNH_ALL, 0x30, true",
        "TLBI_S12_VMALL, 0x28, true",
        "TLBI_S12_VMALL of another VMID, 0x100000028, false",
        "TLBI_NH_ALL, 0x10, true",
        "TLBI_NH_ASID, 0x0005000000000011, true",
        "TLBI_NH_ASID of another ASID, 0x0006000000000011, false",
        "TLBI_EL2_ALL, 0x20, false",
        "TLBI_NH_VAA, 0x13, false",
    })
    void shouldLetAnAsidBeUsedAgainAfterItsTlbi(String what, long tlbi, boolean free) {
        TestCd cd = b.stage1(5).map(0x7000, SmmuBench.DATA);
        b.read(5, 0x7000);
        cd.lowerTables(12, 48);
        cd.map(0x7000, SmmuBench.DATA);
        b.command(CFGI_ALL, 31).command(tlbi, 0).sync();
        b.read(5, 0x7000);

        assertThat(rules()).as(what).isEqualTo(free ? List.of() : List.of("asid-reused"));
    }

    @ParameterizedTest(name = "VMW {0}, VMID {1}")
    @CsvSource({"0, 6, asid-reused", "1, 6, -", "1, 4, asid-reused", "3, 1, -", "4, 9, -", "4, 23, asid-reused"})
    void shouldTakeTheWildcardIntoAccount(int vmw, long vmid, String rule) {
        // 1.6: CR0.VMW, bits 8:6, low bits of the VMID are not compared.
        b.write32(0x20, 0xD | vmw << 6);
        TestCd cd = b.stage1(5);
        b.ste(5).set(143, 128, 7);
        b.read(5, 0);
        cd.lowerTables(12, 48);
        b.command(CFGI_ALL, 31).command(0x28 | vmid << 32, 0).sync();
        b.read(5, 0);

        assertThat(rules()).isEqualTo("-".equals(rule) ? List.of() : List.of(rule));
    }

    @Test
    void shouldKeepAnAsidForEl2Apart() {
        b.stage1(5, 9);
        TestCd other = b.stage1(6, 9);
        // STRW=10, NS-EL2: another address space than that of ASID 9 at EL1.
        b.ste(6).set(95, 94, 2);
        b.read(5, 0);
        b.read(6, 0);
        assertThat(rules()).isEmpty();

        other.lowerTables(12, 48);
        b.command(CFGI_ALL, 31).command(0x20, 0).sync();
        b.read(6, 0);

        assertThat(rules()).isEmpty();
    }
}
