// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InvalidationLogTest {
    private static final long TAG = 7;
    private static final long SECOND_TAG = 70;
    private static final long GLOBAL_TAG = 700;
    private static final long CHANGE = 10;
    private static final long PAGE = 0x5000;

    private static final TableRoot SECOND = TableRoot.builder(Aarch64Stage2.format(12, false))
            .stage(2)
            .tags(SECOND_TAG, SECOND_TAG)
            .build();

    private final InvalidationLog log = new InvalidationLog();

    private static InvalidationScope of(long tag) {
        return new InvalidationScope().everything().tag(-1L, tag).exceptGlobal();
    }

    private StaleCause cause(@Nullable TableRoot second) {
        return log.causeSince(CHANGE, TAG, false, second, false, PAGE, PAGE | 0xFFF);
    }

    private StaleCause causeAfter(InvalidationScope scope) {
        log.add(CHANGE + 1, scope);
        return cause(null);
    }

    @Test
    void shouldMissAnInvalidationWhereThereIsNone() {
        assertThat(cause(null)).isEqualTo(StaleCause.MISSING);
        assertThat(log.closest()).isNull();
    }

    @Test
    void shouldNotCountAnInvalidationBeforeTheChange() {
        log.add(CHANGE - 1, of(TAG));

        assertThat(cause(null)).isEqualTo(StaleCause.MISSING);
        assertThat(log.closest()).isNull();
    }

    @Test
    void shouldCountOneAfterTheChange() {
        assertThat(causeAfter(of(TAG))).isEqualTo(StaleCause.INVALIDATED);
    }

    @Test
    void shouldTellAnotherAddressSpace() {
        assertThat(causeAfter(of(TAG + 1))).isEqualTo(StaleCause.OTHER_ADDRESS_SPACE);
    }

    @Test
    void shouldTellThatNothingFits() {
        assertThat(causeAfter(of(TAG + 1).addresses(0x6000, 0x6FFF))).isEqualTo(StaleCause.MISSING);
    }

    @ParameterizedTest(name = "0x{0} to 0x{1}: {2}")
    @CsvSource({
        // One address is no range.
        "4000, 4000, OTHER_ADDRESS",
        "6000, 6000, OTHER_ADDRESS",
        "4000, 4FFF, TOO_NARROW",
        "3000, 4FFF, TOO_NARROW",
        "6000, 6FFF, OTHER_ADDRESS",
        // Sixteen times as long it would end at 0x4FFF, and at 0x500F.
        "4000, 40FF, OTHER_ADDRESS",
        "4010, 410F, TOO_NARROW",
        "4FF8, 4FF8, OTHER_ADDRESS",
        "5000, 5000, INVALIDATED",
        "4000, 5000, INVALIDATED",
        "5FFF, 9000, INVALIDATED"
    })
    void shouldTellARangeThatIsTooNarrowFromAnotherAddress(String first, String last, StaleCause expected) {
        assertThat(causeAfter(of(TAG).addresses(Long.parseLong(first, 16), Long.parseLong(last, 16))))
                .isEqualTo(expected);
    }

    @Test
    void shouldTakeNoRangeOfAnotherAddressSpaceForTooNarrow() {
        assertThat(causeAfter(of(TAG + 1).addresses(0x4000, 0x4FFF))).isEqualTo(StaleCause.MISSING);
    }

    @Test
    void shouldTellAnInvalidationOfLeavesOnly() {
        assertThat(causeAfter(of(TAG).leafOnly(true))).isEqualTo(StaleCause.LEAF_ONLY);
    }

    @Test
    void shouldTellAnInvalidationOfTheSecondStageOnly() {
        log.add(CHANGE + 1, of(SECOND_TAG).addresses(0x9000, 0x9FFF));

        assertThat(cause(SECOND)).isEqualTo(StaleCause.SECOND_STAGE_ONLY);
        assertThat(cause(null)).isEqualTo(StaleCause.MISSING);
    }

    @Test
    void shouldCompareGlobalTranslationsByTheirOwnTag() {
        log.add(CHANGE + 1, of(GLOBAL_TAG));
        assertThat(log.causeSince(CHANGE, GLOBAL_TAG, true, null, false, PAGE, PAGE | 0xFFF))
                .as("global translations are left alone")
                .isEqualTo(StaleCause.OTHER_ADDRESS_SPACE);

        log.add(CHANGE + 2, new InvalidationScope().everything().tag(-1L, 0).globalTag(-1L, GLOBAL_TAG));
        assertThat(log.causeSince(CHANGE, GLOBAL_TAG, true, null, false, PAGE, PAGE | 0xFFF))
                .isEqualTo(StaleCause.INVALIDATED);
    }

    @Test
    void shouldNameTheClosestOfMany() {
        InvalidationScope scope = new InvalidationScope();
        log.add(CHANGE + 1, scope.everything().tag(-1L, TAG).addresses(0x4000, 0x4FFF));
        log.add(CHANGE + 2, scope.everything().tag(-1L, TAG + 1));
        log.add(CHANGE + 3, scope.everything().tag(-1L, TAG).addresses(0x9000, 0x9FFF));

        assertThat(cause(null)).isEqualTo(StaleCause.TOO_NARROW);
        assertThat(log.closest()).isNotNull();
        assertThat(log.closest().first()).isEqualTo(0x4000);
    }

    @Test
    void shouldForgetTheOldestFirst() {
        log.add(CHANGE + 1, of(TAG));
        for (int i = 0; i < 4095; i++) {
            log.add(CHANGE + 2 + i, of(TAG + 1));
        }
        assertThat(cause(null)).isEqualTo(StaleCause.INVALIDATED);

        log.add(CHANGE + 5000, of(TAG + 1));

        assertThat(cause(null)).isEqualTo(StaleCause.OTHER_ADDRESS_SPACE);
    }
}
