// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Verdict.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CD.E0PDx keeps unprivileged requests from a table base: fact sheet 1.5, 3.2, 4.5. */
class UnprivilegedAccessTest {
    private static final int E0PD0 = 66;
    private static final int E0PD1 = 130;
    private static final int U = 0;
    private static final int P = Access.PRIVILEGED;
    private static final long VA = 0x1000;

    private SmmuBench b = SmmuBench.started(SmmuBench.withIdr3(0, 0x2000));
    private final TestCd cd =
            b.stage1(5).map(VA, SmmuBench.DATA).upperTables(12, 48).map(-VA, SmmuBench.DATA);

    @AfterEach
    void close() {
        b.close();
    }

    /** F_TRANSLATION of stage 1 with CLASS=IN. */
    private void refuses(int code, long address, String word1) {
        assertThat(b.access(5, -1, address, code).status()).isEqualTo(Status.ABORT);
        assertThat(b.events())
                .containsExactly(String.format("0000000500000010 %s %016x 0000000000000000", word1, address));
    }

    @Test
    void shouldRefuseUnprivilegedAccessesOfTheLowerHalf() {
        cd.set(E0PD0, E0PD0, 1);
        refuses(U, VA, "0000020800000000");
        refuses(U | Access.WRITE, VA, "0000020000000000");
        refuses(U | Access.INSTRUCTION, VA, "0000020c00000000");
        assertThat(b.access(5, -1, VA, P).isOk()).isTrue();
        assertThat(b.access(5, -1, -VA, U).isOk()).isTrue();
    }

    @Test
    void shouldRefuseUnprivilegedAccessesOfTheUpperHalf() {
        cd.set(E0PD1, E0PD1, 1);
        refuses(U, -VA, "0000020800000000");
        assertThat(b.access(5, -1, -VA, P | Access.WRITE).isOk()).isTrue();
        assertThat(b.access(5, -1, VA, U).isOk()).isTrue();
    }

    @Test
    void shouldRefuseBeforeAnyWalk() {
        // F_TRANSLATION, where a walk would end in F_WALK_EABT or F_ACCESS.
        cd.set(E0PD0, E0PD0, 1).ttb0(0xFFFF_FFFF_0000L);
        long reads = b.smmu.unit().walker().walks();
        refuses(U, VA, "0000020800000000");
        assertThat(b.smmu.unit().walker().walks()).isEqualTo(reads);
    }

    @Test
    void shouldRefuseWhatIsInTheIotlb() {
        // A privileged access has filled it.
        cd.set(E0PD0, E0PD0, 1);
        assertThat(b.access(5, -1, VA, P).isOk()).isTrue();
        long walks = b.smmu.unit().walker().walks();
        refuses(U, VA, "0000020800000000");
        assertThat(b.smmu.unit().walker().walks()).isEqualTo(walks);
        assertThat(b.access(5, -1, VA, P).isOk()).isTrue();
    }

    @Test
    void shouldStillReportPermissionFaultsOfPrivilegedAccesses() {
        cd.set(E0PD0, E0PD0, 1).map(VA, SmmuBench.DATA, 0xCC0);
        assertThat(b.access(5, -1, VA, P).isOk()).isTrue();
        assertThat(b.access(5, -1, VA, P | Access.WRITE).isOk()).isFalse();
        assertThat(b.events()).containsExactly("0000000500000013 0000020200000000 0000000000001000 0000000000000000");
    }

    @Test
    void shouldGoByThePrivilegeAfterOverrides() {
        // 4.5: PnU is that of after PRIVCFG.
        cd.set(E0PD0, E0PD0, 1);
        b.ste(5).privCfg(3);
        assertThat(b.access(5, -1, VA, U).isOk()).isTrue();
        b.ste(5).privCfg(2);
        b.invalidateAll();
        refuses(P, VA, "0000020800000000");
    }

    @Test
    void shouldTellSoftwareOfATranslationFault() {
        // 1.13: PnU is bit 9 of ADDR; FAULTCODE 11:4 is the event's number.
        b.close();
        b = SmmuBench.started(SmmuFeatures.full());
        b.stage1(5).map(VA, SmmuBench.DATA).set(E0PD0, E0PD0, 1);
        assertThat(b.translateFor(5, VA | 0x500)).isEqualTo(0x101);
        assertThat(b.translateFor(5, VA | 0x700) & 1).isZero();
    }

    @Test
    void shouldFollowTheFaultControlsOfTheCd() {
        // 3.5: R=0, A=0: RAZ/WI and silence.
        cd.set(E0PD0, E0PD0, 1).records(0).aborts(0);
        assertThat(b.access(5, -1, VA, U).status()).isEqualTo(Status.READ_ZERO_WRITE_IGNORED);
        assertThat(b.events()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldIgnoreItWhereThereIsNoSuchControl(boolean el2) {
        // IDR3.E0PD=0; a world of one privilege.
        b.close();
        b = SmmuBench.started(el2 ? SmmuFeatures.full() : SmmuBench.withIdr3(0x2000, 0));
        b.stage1(5).map(VA, SmmuBench.DATA).set(E0PD0, E0PD0, 1);
        b.ste(5).set(95, 94, el2 ? 2 : 0);
        assertThat(b.access(5, -1, VA, U).isOk()).isTrue();
    }
}
