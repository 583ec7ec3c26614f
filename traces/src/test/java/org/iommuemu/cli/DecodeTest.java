// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Structures of VT-d, and registers of both architectures, taken apart. */
class DecodeTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String line) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), line.trim().split(" "));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "root 0x1001 0x2001                       | root entry  (VT-d 9.1)            | UCTP +0x2000",
                "context 0x5009 0x0302                    | context entry  (VT-d 9.3)         | TT +2 \\(pass-through\\)",
                "context 0x5009 0x0302                    | context entry  (VT-d 9.3)         | DID +3",
                "scalable-context 0x1020d 9 0 0           | scalable-mode context entry  (VT-d 9.4) | RID_PASID +9",
                "pasid-directory 0x11003                  | PASID directory entry  (VT-d 9.5) | SMPTBLPTR +0x11000",
                "pasid 0x41 3 0x7000 0 0 0 0 0            | PASID table entry  (VT-d 9.6)     | PGTT +1 \\(first stage\\)",
                "first-stage 0x6000067                    | first-stage leaf, level 1  (VT-d 9.7) | D +1",
                "first-stage 0x6000067 --level 4          | first-stage table entry, level 4  (VT-d 9.7) | ADDR +0x6000000",
                "second-stage 0x600083 --level 2          | second-stage leaf, level 2  (VT-d 9.8) | PS +1",
                "second-stage 0x600003 --level 2          | second-stage table entry, level 2  (VT-d 9.8) | ADDR +0x600000",
                "irte 0x0000010000300001 0x40018          | IRTE  (VT-d 9.9)                  | V +0x30",
                "descriptor 0x00030032 0x5001             | IOTLB invalidate  (VT-d 6.5.2.3)  | AM +1",
                "descriptor 0x0000000100030026 0 0 0      | PASID-based IOTLB invalidate  (VT-d 6.5.2.4) | PASID +1",
                "fault 0x5000,0xC000000600000018          | FRCD 6h, second-stage R: a read where a second-stage entry allows none  (VT-d 11.4.10) | SID +0x18",
                "page-request 0x180001 0x5001 0 0         | page request descriptor  (VT-d 7.4.1) | RID +0x18",
                "register gcmd 0x84000000                 | GCMD  (VT-d 11.4.4)               | TE +1",
                "register iotlb 0xA000000300000000        | IOTLB  (VT-d 11.4.6.3)            | IIRG +2",
                "register cr0 5                           | CR0  (IHI 0070 §6.3.9)            | SMMUEN +1",
            })
    void shouldDecode(String line, String title, String field) {
        assertThat(run("decode " + line)).as(err.toString()).isZero();

        assertThat(out.toString()).startsWith(title + "\n").containsPattern(field + "\n");
    }

    @Test
    void shouldSayOfARegisterWithoutFieldsWhereItIsWritten() {
        assertThat(run("decode register phmbase 0x100000")).isZero();

        assertThat(out.toString()).isEqualTo("PHMBASE  (VT-d 11.4.8.4)\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "decode root 1",
                "decode descriptor f 0",
                "decode descriptor 30032 0 1 0",
                "decode second-stage 3 --level 6",
                "decode first-stage 3 --level 0",
                "decode register gcmd",
                "decode register gcmd 1 2",
                "decode register frob 1",
                "decode pasid 0x41",
            })
    void shouldRejectWhatIsNoneInOneLine(String line) {
        assertThat(run(line)).isEqualTo(Main.BAD_INPUT);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }
}
