// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fault case 29: a descriptor whose data is known to be corrupt is reported like one that does not answer (7.3.12), and not used. */
class PoisonedDescriptorTest {
    private static final long PAGE = 0x1234_5678_0000L;

    private final SmmuBench b = SmmuBench.started();

    @AfterEach
    void close() {
        b.close();
    }

    @ParameterizedTest(name = "granule {0}, height {1}, upper {2}")
    @CsvSource({
        "12, 0, 0", "12, 1, 0", "12, 2, 0", "12, 3, 0", "14, 0, 0", "14, 1, 0", "14, 2, 0", "16, 0, 0", "16, 1, 0",
        "16, 2, 0", "12, 0, 1", "12, 1, 1", "12, 2, 1", "12, 3, 1", "14, 0, 1", "14, 1, 1", "14, 2, 1", "16, 0, 1",
        "16, 1, 1", "16, 2, 1"
    })
    void shouldRecordWalkAbortWithTheAddressOfThePoisonedDescriptor(int granule, int height, int upper) {
        long page = upper == 0 ? PAGE : PAGE | 0xFFFFL << 48;
        TestCd cd = b.stage1(5);
        if (upper == 0) {
            cd.lowerTables(granule, 48);
        } else {
            cd.upperTables(granule, 48);
        }
        cd.map(page, SmmuBench.DATA, TableBuilder.READ_WRITE);
        long at = cd.tables(page).descriptorAddress(page, height);
        b.memory.mark(at, 8, RangeState.POISONED);

        assertThat(b.write(5, page).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly(String.format("%08x0000000b %016x %016x %016x", 5, 1L << 40, page, at));

        b.memory.mark(at, 8, RangeState.PRESENT);
        assertThat(b.write(5, page).address()).isEqualTo(SmmuBench.DATA);
    }
}
