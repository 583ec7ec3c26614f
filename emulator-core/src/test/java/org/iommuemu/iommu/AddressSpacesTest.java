// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.WriteStamps.Stamp;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AddressSpacesTest {
    private static final long UPPER = -0x1000;

    private final AddressSpaces spaces = new AddressSpaces();

    private static TableRoot.Builder root(long tag, long base) {
        return TableRoot.builder(Aarch64Stage1.format(12, false)).base(base).tags(tag, 0);
    }

    private static Stamp at(long sequence) {
        return new Stamp(sequence, 0, 0);
    }

    private @Nullable Stamp use(long now, TableRoot root, @Nullable TableRoot second, @Nullable Stamp structures) {
        AddressSpaces.Space space = spaces.use(root, second, structures);
        space.used(at(now));
        return space.change();
    }

    @Test
    void shouldSeeNoChangeWhileTheTablesAreTheSame() {
        assertThat(use(1, root(5, 0x1000).build(), null, at(0))).isNull();
        assertThat(use(2, root(5, 0x1000).build(), null, at(1))).isNull();
        assertThat(use(3, root(6, 0x2000).build(), null, at(2))).isNull();
        assertThat(use(4, root(5, 0x2000).upper(true).build(), null, at(3))).isNull();
    }

    @Test
    void shouldDateAChangeByTheStructuresOrTheLastUseOfTheOldTables() {
        use(1, root(5, 0x1000).build(), null, null);

        assertThat(use(9, root(5, 0x2000).build(), null, at(4))).isEqualTo(at(4));
        assertThat(use(12, root(5, 0x3000).build(), null, at(4))).isEqualTo(at(9));
        assertThat(use(15, root(5, 0x4000).build(), null, null)).isEqualTo(at(12));
        assertThat(use(16, root(5, 0x4000).build(), null, at(15)))
                .as("not a change")
                .isEqualTo(at(12));
    }

    @Test
    void shouldCountTheSecondStageAndTheControlsOfATable() {
        use(1, root(5, 0x1000).build(), null, null);

        assertThat(use(2, root(5, 0x1000).build(), root(50, 0x8000).build(), null))
                .isEqualTo(at(1));
        assertThat(use(3, root(5, 0x1000).build(), root(50, 0x9000).build(), null))
                .isEqualTo(at(2));
        assertThat(use(
                        4,
                        root(5, 0x1000).disabled(true).build(),
                        root(50, 0x9000).build(),
                        null))
                .isEqualTo(at(3));
    }

    @Test
    void shouldKnowTheLatestTablesOfEachHalf() {
        use(1, root(5, 0x1000).build(), null, null);
        use(2, root(5, 0x2000).build(), null, null);
        use(3, root(5, 0x3000).upper(true).build(), null, null);

        assertThat(base(5, 0)).isEqualTo(0x2000);
        assertThat(base(5, UPPER)).isEqualTo(0x3000);
        assertThat(base(6, 0)).isEqualTo(-1);
    }

    private long base(long tag, long address) {
        return spaces.findOwn(tag, address).stream()
                .mapToLong(s -> s.root().base())
                .findFirst()
                .orElse(-1);
    }

    @Test
    void shouldForgetTheAddressSpacesThatWereNotUsedLongest() {
        for (int tag = 0; tag < AddressSpaces.MOST; tag++) {
            use(tag, root(tag, 0x1000).build(), null, null);
        }
        use(AddressSpaces.MOST, root(0, 0x1000).build(), null, null);

        use(AddressSpaces.MOST + 1, root(-1, 0x1000).build(), null, null);

        assertThat(base(0, 0)).isEqualTo(0x1000);
        assertThat(base(1, 0)).isEqualTo(-1);
        assertThat(base(2, 0)).isEqualTo(0x1000);
    }
}
