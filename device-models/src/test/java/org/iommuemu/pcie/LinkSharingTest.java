// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkSharingTest {
    @ParameterizedTest(name = "{0}: {1} and {2} share: {3}; link is called \"link{4}\"")
    @CsvSource({
        "all, 0x10, 0x100, true, ''",
        "device, 0x10, 0x17, true, ' 0x10'",
        "device, 0x10, 0x18, false, ' 0x10'",
        "device, 0xFFFFFFF8, 0xFFFFFFFF, true, ' 0xfffffff8'",
        "stream, 0x10, 0x11, false, ' 0x10'",
    })
    void shouldTellStreamsApart(String name, String one, String other, boolean share, String suffix) {
        LinkSharing sharing = LinkSharing.parse(name);
        int link = sharing.linkOf(Long.decode(one).intValue());

        assertThat(link == sharing.linkOf(Long.decode(other).intValue())).isEqualTo(share);
        assertThat(sharing.suffix(link)).isEqualTo(suffix);
    }
}
