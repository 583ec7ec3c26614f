// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One access after the steps of a scenario, entry by entry. */
class ExplainScenarioTest {
    private static final String VTD = "scenarios/vtd-stale.jsonl";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String line) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), line.trim().split(" "));
    }

    private String[] titles() {
        return out.toString().lines().filter(l -> !l.startsWith(" ")).toArray(String[]::new);
    }

    @Test
    void shouldExplainALegacyWalk() {
        // 105 unmap with page-selective invalidation: nothing is stale
        assertThat(run("explain " + VTD + " --scenario 4 --stream 00:03.0 --iova 0x5123 --write"))
                .isZero();

        assertThat(titles())
                .containsExactly(
                        "RTADDR at 0x20 = 0x0000000010000000  (VT-d 11.4.5)",
                        "root entry at 0x10000000  (VT-d 9.1)",
                        "context entry at 0x10001180  (VT-d 9.3)",
                        "second-stage PML4E, table at 0x11000000 = 0x0000000011001003  (VT-d 9.8)",
                        "second-stage PDPE, table at 0x11001000 = 0x0000000011002003  (VT-d 9.8)",
                        "second-stage PDE, table at 0x11002000 = 0x0000000011003003  (VT-d 9.8)",
                        "second-stage PTE, not present at 0x11003028 = 0x0000000000000000  (VT-d 9.8)",
                        "fault record  (VT-d 11.4.10)",
                        "verdict: abort, fault reason 5h",
                        "because: second-stage W: a write where a second-stage entry allows none (VT-d 7.1.3)");
        assertThat(out.toString()).containsPattern("FI +0x5000\n").containsPattern("SID +0x18\n");
    }

    @Test
    void shouldExplainAWalkOfAPasid() {
        // 110 PASID entry of PASID 5 names other tables, both invalidated: nothing is stale
        assertThat(run("explain " + VTD + " --scenario 68 --stream 0x18 --pasid 5 --iova 0x5004 --write"))
                .isZero();

        assertThat(titles())
                .containsExactly(
                        "RTADDR at 0x20 = 0x0000000010000400  (VT-d 11.4.5)",
                        "root entry at 0x10000000  (VT-d 9.1)",
                        "scalable-mode context entry at 0x10001300  (VT-d 9.4)",
                        "PASID directory entry at 0x10010000 = 0x0000000010011001  (VT-d 9.5)",
                        "PASID table entry at 0x10011140  (VT-d 9.6)",
                        "first-stage PML4E, table at 0x11010000 = 0x0000000011011067  (VT-d 9.7)",
                        "first-stage PDPE, table at 0x11011000 = 0x0000000011012067  (VT-d 9.7)",
                        "first-stage PDE, table at 0x11012000 = 0x0000000011013067  (VT-d 9.7)",
                        "first-stage PTE, page at 0x11013028 = 0x0000000020100067  (VT-d 9.7)",
                        "verdict: OK, address 0x20100004, snooped if it asks for it");
        assertThat(out.toString()).containsPattern("PGTT +1 \\(first stage\\)\n");
    }

    @Test
    void shouldExplainACaptureOfAVtdUnit() {
        assertThat(run("explain samples/vtd-flts-linux612-vfio --stream 00:0a.0 --iova 0x10008b123"))
                .isZero();

        // The PTE and the page are those of the capture's mappings.csv.
        assertThat(titles())
                .hasSize(10)
                .endsWith(
                        "first-stage PTE, page at 0x20c0458 = 0x000000000568a067  (VT-d 9.7)",
                        "verdict: OK, address 0x568a123, snooped if it asks for it");
    }

    @Test
    void shouldNameTheSourcesOfACaptureWhereOneIsNotThere() {
        assertThat(run("explain samples/vtd-legacy48-linux-vfio --stream 0x77 --iova 0x1000"))
                .isZero();

        assertThat(out.toString())
                .contains("verdict: abort, fault reason 2h\nbecause: context entry: P=0 ")
                .endsWith("streams with mappings in this capture: 0x50, 0xf8, 0xfa, 0xfb\n");
    }

    @Test
    void shouldExplainAnSmmusWalk() {
        assertThat(run("explain scenarios/smmuv3-stale.jsonl --scenario 1 --stream 1 --iova 0x5000"))
                .isZero();

        assertThat(out.toString())
                .contains("stage 1 level 3 invalid descriptor at 0x11003028")
                .contains("event record F_TRANSLATION")
                .contains("verdict: abort, F_TRANSLATION\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "explain " + VTD + " --stream 0x18 --iova 0x5000",
                "explain " + VTD + " --scenario 1000 --stream 0x18 --iova 0x5000",
                "explain " + VTD + " --scenario 1 --idle --stream 0x18 --iova 0x5000",
                "explain samples/smmuv3-linux-nvme --scenario 1 --stream 0x10 --iova 0x1000",
                "explain " + VTD + " --scenario x --stream 0x18 --iova 0x5000",
            })
    void shouldRejectBadUsageInOneLine(String line) {
        assertThat(run(line)).isEqualTo(Main.BAD_INPUT);
        assertThat(err.toString().lines()).hasSize(1);
    }
}
