// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.iommuemu.vtd.FaultReason.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of fault reasons: which FPD suppresses, and how a Translation Request ends (fact sheet 11, 16.5). */
class FaultReasonTest {
    @ParameterizedTest(name = "{0}: qualified {1}, {2}, configuration {3}")
    @CsvSource({
        "1 8 9 a,          false, '',  true",
        "2,                true,  UR,  true",
        "3 b,              true,  CA,  true",
        "4,                true,  S0,  false",
        "5 6,              true,  SP,  false",
        "7 c e,            true,  CA,  false",
        "d,                true,  UR,  false",
        "20 21 23 25 29 2a 2b, false, '', false",
        "22 24 26 27 28,   true,  '',  false",
        "30 38 3a 40,      false, CA,  true",
        "31 33 34 39,      false, UR,  true",
        "41 44 45 46 48 49, true, '',  true",
        "42 43,            true,  CA,  true",
        "50 58,            false, CA,  true",
        "51 59,            true,  S0,  true",
        "52 5a 5b,         true,  CA,  true",
        "70 71 72 73 74 75 76 77 79 80 81 83 84, true, S0, false",
        "78 7a 7b 7c,      true,  CA,  false",
        "85 86,            true,  SP,  false",
        "87,               true,  CA,  false",
        "89,               true,  UR,  false",
        "90,               true,  S0,  false",
        "60 a0 a1 a2 a4 a5, true, '',  false",
    })
    void shouldFollowTheTable(String codes, boolean qualified, String translation, boolean configuration) {
        for (String code : codes.split(" ")) {
            FaultReason reason = FaultReason.of(Integer.parseInt(code, 16));

            assertThat(reason).as(code).isNotNull();
            assertThat(reason.isQualified()).as(code).isEqualTo(qualified);
            assertThat(reason.isOfConfiguration()).as(code).isEqualTo(configuration);
            if (!translation.isEmpty()) {
                assertThat(reason.translation()).as(code).isEqualTo(Answer.valueOf(translation));
            }
        }
    }

    @Test
    void shouldHaveOneReasonForACode() {
        assertThat(Arrays.stream(FaultReason.values()).map(FaultReason::code)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({"0", "0xF", "0x1F", "0x2C", "0x4A", "0x88", "0xFF"})
    void shouldKnowNoReasonOfAReservedCode(String code) {
        assertThat(FaultReason.of(Integer.decode(code))).isNull();
    }
}
