// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import org.iommuemu.bits.Layout;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The worked encodings of fact sheet section 11, decoded: every field that is not zero. */
class WorkedVectorTest {
    private static String decode(Layout layout, long... words) {
        return layout.decode(words).stream()
                .filter(f -> f.value() != 0)
                .map(f -> f.field().name() + "="
                        + Long.toHexString(
                                f.field().address() ? f.value() << f.field().shift() : f.value()))
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "CFGI_STE, 0x0000012300000003, 0x1, Opcode=3 StreamID=123 Leaf=1",
        "CFGI_STE_RANGE, 0x0000000000000004, 0x1F, Opcode=4 Range=1f",
        "TLBI_NH_VA, 0x0009000500000012, 0x123456001, Opcode=12 VMID=5 ASID=9 Leaf=1 Address=123456000",
        "TLBI_NH_VA, 0x0009000500103012, 0x123456701,"
                + " Opcode=12 NUM=3 SCALE=1 VMID=5 ASID=9 Leaf=1 TTL=3 TG=1 Address=123456000",
        "TLBI_S2_IPA, 0x000000070000002A, 0x80000000, Opcode=2a VMID=7 Address=80000000",
        "ATC_INV, 0x0000010000007840, 0x4001, Opcode=40 SSV=1 SubstreamID=7 StreamID=100 Size=1 Address=4000",
        "ATC_INV, 0x0000010000000040, 0x34, Opcode=40 StreamID=100 Size=34",
        "RESUME, 0x0000001000001044, 0x2A, Opcode=44 Ac=1 StreamID=10 STAG=2a",
        "RESUME, 0x0000001000002044, 0x2A, Opcode=44 Ab=1 StreamID=10 STAG=2a",
        "SYNC, 0x46, 0, Opcode=46",
        "SYNC, 0x000000000FC01046, 0x80002000, Opcode=46 CS=1 MSH=3 MSIAttr=f MSIAddress=80002000",
        "PRI_RESP, 0x0000010000000041, 0x2005, Opcode=41 StreamID=100 PRGIndex=5 Resp=2",
    })
    void shouldDecodeCommands(Command command, long word0, long word1, String fields) {
        assertThat(Command.of(word0)).isEqualTo(command);
        assertThat(decode(command.layout(), word0, word1)).isEqualTo(fields);
    }

    @Test
    void shouldDecodeTranslationRecord() {
        assertThat(Event.of(0x0000_0100_0000_0010L)).isEqualTo(Event.F_TRANSLATION);
        assertThat(decode(
                        Event.F_TRANSLATION.layout(), 0x0000_0100_0000_0010L, 0x0000_0200_0000_0000L, 0x0DEA_D000L, 0))
                .isEqualTo("Type=10 StreamID=100 CLASS=2 InputAddr=dead000");
    }

    @Test
    void shouldDecodePermissionRecord() {
        assertThat(decode(
                        Event.F_PERMISSION.layout(),
                        0x0000_0008_0000_3813L,
                        0x0000_0188_0000_0000L,
                        0x1000L,
                        0x4000_0000L))
                .isEqualTo("Type=13 SSV=1 SubstreamID=3 StreamID=8 RnW=1 S2=1 CLASS=1 InputAddr=1000 IPA=40000000");
    }

    @ParameterizedTest
    @CsvSource({
        "0x000000008000100B, 0x00000000100000D4,"
                + " V=1 Config=5 S1ContextPtr=80001000 S1CIR=1 S1COR=1 S1CSH=3 EATS=1",
        "0x0000000000000009, 0x0000100000000000, V=1 Config=4 SHCFG=1",
        "0x0000000000000001, 0, V=1",
    })
    void shouldDecodeStreamTableEntries(long word0, long word1, String fields) {
        assertThat(decode(Ste.LAYOUT, word0, word1, 0, 0, 0, 0, 0, 0)).isEqualTo(fields);
    }

    @Test
    void shouldDecodeLevel1StreamTableDescriptor() {
        assertThat(decode(L1Std.LAYOUT, 0x0000_0000_9000_0009L)).isEqualTo("Span=9 L2Ptr=90000000");
    }
}
