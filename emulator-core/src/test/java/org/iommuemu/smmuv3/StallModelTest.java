// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** IDR0.STALL_MODEL and those who must not stall: fact sheet 1.3, 1.5, 2.8, 3.4, 3.5, 5.3 (case 77). */
class StallModelTest {
    private static final int STAGE_2 = 1;
    private static final int TRANSLATION_REQUESTS = 1 << 10;

    private static SmmuFeatures model(int model) {
        return SmmuBench.withStalls(model, 4, STAGE_2);
    }

    // Registers.

    @ParameterizedTest(name = "STALL_MODEL {0}")
    @CsvSource({"0, 4", "1, 0", "2, 4"})
    void shouldShowTheModelAndItsRoom(int model, int most) {
        // 1.5: STALL_MAX is RES0 where nothing stalls.
        try (SmmuBench b = SmmuBench.started(model(model))) {
            assertThat(b.read32(0x00) >>> 24 & 3).isEqualTo(model);
            assertThat(b.read32(0x14) >>> 16).isEqualTo(most);
        }
    }

    // CD.S, STE.S1STALLD and STE.S2S.

    @ParameterizedTest(name = "STALL_MODEL {0}, S1STALLD {1}, CD.S {2}: event {3}")
    @CsvSource({
        "0, 0, 0, 10",
        "0, 0, 1, 10",
        "0, 1, 0, 10",
        "0, 1, 1, 0a", // C_BAD_CD
        "1, 0, 0, 10",
        "1, 0, 1, 0a",
        "1, 1, 0, 04", // C_BAD_STE
        "2, 0, 0, 0a",
        "2, 0, 1, 10",
        "2, 1, 1, 04",
    })
    void shouldCheckStage1AgainstTheModel(int model, int disable, int stalls, String event) {
        try (SmmuBench b = SmmuBench.started(model(model))) {
            StallingPort.on(b);
            b.stage1(0x42).set(44, 44, stalls);
            b.ste(0x42).s1StallDisable(disable);
            Status expected = stalls == 1 && event.equals("10") ? Status.STALLED : Status.ABORT;
            assertThat(b.read(0x42, 0x5000).status()).isEqualTo(expected);
            assertThat(b.events()).singleElement().asString().startsWith("00000042000000" + event);
        }
    }

    @ParameterizedTest(name = "STALL_MODEL {0}, S2S {1}: event {2}")
    @CsvSource({"0, 0, 10", "0, 1, 10", "1, 0, 10", "1, 1, 04", "2, 0, 04", "2, 1, 10"})
    void shouldCheckStage2AgainstTheModel(int model, int stalls, String event) {
        try (SmmuBench b = SmmuBench.started(model(model))) {
            StallingPort.on(b);
            stage2(b, 6).set(185, 185, stalls);
            Status expected = stalls == 1 && event.equals("10") ? Status.STALLED : Status.ABORT;
            assertThat(b.read(0x42, 0x5000).status()).isEqualTo(expected);
            assertThat(b.events()).singleElement().asString().startsWith("00000042000000" + event);
        }
    }

    @ParameterizedTest(name = "STALL_MODEL {0}, S2S {1}")
    @CsvSource({"1, 1", "2, 0"})
    void shouldIgnoreS2sWithoutStage2(int model, int stalls) {
        // 2.2: S2 fields are ignored when Config=10x.
        try (SmmuBench b = SmmuBench.started(model(model))) {
            b.ste(0x42).config(4).valid(1).set(185, 185, stalls);
            assertThat(b.read(0x42, 0x5000).isOk()).isTrue();
        }
    }

    @ParameterizedTest(name = "STALL_MODEL {0}")
    @ValueSource(ints = {1, 2})
    void shouldIgnoreS1StallDisableWithoutStage1(int model) {
        try (SmmuBench b = SmmuBench.started(model(model))) {
            b.ste(0x42).config(4).valid(1).s1StallDisable(1);
            assertThat(b.read(0x42, 0x5000).isOk()).isTrue();
        }
    }

    /** A stream with empty stage 2 tables, S2R=1. */
    private static TestSte stage2(SmmuBench b, int config) {
        TableBuilder tables = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(12, false), 48);
        return b.ste(0x42)
                .set(165, 160, 16)
                .set(167, 166, 2)
                .set(178, 176, 5)
                .set(179, 179, 1)
                .set(186, 186, 1)
                .set(243, 196, tables.root() >>> 4)
                .config(config)
                .valid(1);
    }

    // Commands.

    @ParameterizedTest(name = "{0}")
    @ValueSource(longs = {0x42_0000_1044L, 0x42_0000_2044L, 0x42_0000_0044L, 0x42_0000_0045L})
    void shouldRefuseCommandsOfStallsWhereNothingStalls(long word0) {
        try (SmmuBench b = SmmuBench.started(model(1))) {
            long at = b.read32(0x9C);
            b.command(word0, 0);
            assertThat(b.read32(0x9C)).as("CERROR_ILL").isEqualTo(0x0100_0000 | at);
            assertThat(b.read32(0x60)).isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(longs = {0x42_0000_1444L, 0x42_0000_0445L})
    void shouldRefuseCommandsForTheSecureState(long word0) {
        try (SmmuBench b = SmmuBench.started(model(0))) {
            b.command(word0, 0);
            assertThat(b.read32(0x9C) >>> 24).as("CERROR_ILL, as SSec=1").isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "STALL_MODEL {0}")
    @ValueSource(ints = {0, 2})
    void shouldTakeCommandsOfStallsWithoutAnyStalledTransaction(int model) {
        try (SmmuBench b = SmmuBench.started(model(model))) {
            b.command(0x42_0000_1044L, 7).command(0x42_0000_0045L, 0);
            assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
        }
    }

    // Devices that cannot wait (case 77).

    @ParameterizedTest(name = "STALL_MODEL {0}, R {1}, A {2}")
    @CsvSource({"0, 1, 1", "0, 0, 0", "2, 1, 1"})
    void shouldRecordAndAbortWhereTheDeviceCannotWait(int model, int r, int a) {
        // 3.5: Stall=0, abort.
        try (SmmuBench b = SmmuBench.started(model(model))) {
            StallingPort port = StallingPort.on(b);
            port.impatient = 0x42;
            b.stage1(0x42).set(44, 44, 1).records(r).aborts(a);
            b.stage1(0x43).set(44, 44, 1);
            assertThat(b.read(0x42, 0x5000).status()).isEqualTo(Status.ABORT);
            assertThat(b.events())
                    .containsExactly("0000004200000010 0000020800000000 0000000000005000 0000000000000000");
            assertThat(b.read(0x43, 0x5000).status()).isEqualTo(Status.STALLED);
        }
    }

    @Test
    void shouldNotStallWithoutDevicesThatWait() {
        try (SmmuBench b = SmmuBench.started(model(0))) {
            b.stage1(0x42).set(44, 44, 1);
            assertThat(b.read(0x42, 0x5000).status()).isEqualTo(Status.ABORT);
        }
    }

    @Test
    void shouldNotStallAtStage2WhereTheDeviceCannotWait() {
        try (SmmuBench b = SmmuBench.started(model(0))) {
            StallingPort.on(b).impatient = 0x42;
            stage2(b, 6).set(185, 185, 1).set(186, 186, 0);
            assertThat(b.read(0x42, 0x5000).status()).isEqualTo(Status.ABORT);
            assertThat(b.events())
                    .containsExactly("0000004200000010 0000028800000000 0000000000005000 0000000000005000");
        }
    }

    @Test
    void shouldNeverStallATranslationRequest() {
        // 3.5: they are completed without permissions, and not recorded.
        try (SmmuBench b = SmmuBench.started(SmmuBench.withStalls(0, 4, TRANSLATION_REQUESTS))) {
            StallingPort.on(b);
            b.stage1(0x42).set(44, 44, 1);
            b.ste(0x42).set(93, 92, 1);
            TranslationCompletion completion = new TranslationCompletion();
            b.smmu.requestTranslation(new Transaction().read(0x42, 0x5000), completion);
            assertThat(completion.status()).isEqualTo(TranslationCompletion.Status.SUCCESS);
            assertThat(b.smmu.statistics().stalled()).isZero();
            assertThat(b.events()).isEmpty();
        }
    }

    // What ATS and stalls do to each other.

    @ParameterizedTest(name = "EATS {0}, Config {1}, S2S {2}: bad {3}")
    @CsvSource({"1, 6, 1, true", "1, 7, 1, true", "2, 7, 1, true", "1, 6, 0, false", "2, 7, 0, false", "0, 7, 1, false"
    })
    void shouldNotLetStage2StallWithAts(int eats, int config, int stalls, boolean bad) {
        try (SmmuBench b = SmmuBench.started(SmmuBench.withStalls(0, 4, STAGE_2 | TRANSLATION_REQUESTS))) {
            StallingPort.on(b);
            stage2(b, config).set(93, 92, eats).set(185, 185, stalls);
            b.read(0x42, 0x5000);
            String event = bad ? "04" : "10";
            assertThat(b.events()).singleElement().asString().startsWith("00000042000000" + event);
        }
    }
}
