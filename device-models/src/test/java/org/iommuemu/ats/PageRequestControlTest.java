// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.ats.AtsBench.NONE;
import static org.iommuemu.ats.AtsBench.page;

import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.pcie.ConfigSpace;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.spec.PriCapability;
import org.junit.jupiter.api.Test;

/** What software sees of the page request interface, and does with it, in configuration space (the fact sheet, 11.2). */
class PageRequestControlTest {
    private static final int CONTROL = 4;
    private static final int STATUS = 6;

    private final AtsBench bench = new AtsBench().withPages(32);
    private final ConfigSpace config = bench.function.config();
    private final int pri = find(PriCapability.ID);

    private int find(int id) {
        int at = 0x100;
        while ((config.read(at, 4) & 0xFFFF) != id) {
            at = config.read(at, 4) >>> 20;
            assertThat(at).isNotZero();
        }
        return at;
    }

    private boolean status(BitField bit) {
        return bit.isSet(config.read(pri + STATUS, 2));
    }

    private AtsBench.Outcome missing(long address) {
        AtsBench.Outcome o = bench.read(address, 4, NONE);
        bench.translate(bench.count(TlpKind.TRANSLATION_REQUEST) - 1, page(0, 0));
        return o;
    }

    @Test
    void shouldReportAResponseFailureUntilItIsEnabledAnew() {
        missing(0x5000);

        bench.respond(bench.page(0).group(), NONE, Code.FAILURE);
        boolean failed = status(PriCapability.RF) && status(PriCapability.STOPPED);
        AtsBench.Outcome meanwhile = missing(0x6000);
        bench.function.disablePri().enablePri(32);
        missing(0x7000);

        assertThat(failed).isTrue();
        assertThat(meanwhile.status).isEqualTo(Status.NO_PAGE);
        assertThat(status(PriCapability.RF)).isFalse();
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(2);
    }

    @Test
    void shouldReportAResponseToAnUnknownGroup() {
        bench.respond(77, NONE, Code.SUCCESS);

        assertThat(status(PriCapability.UPRGI)).isTrue();
        assertThat(status(PriCapability.RF)).isFalse();
    }

    @Test
    void shouldBeStoppedOnceAllIsAnsweredAfterItWasDisabled() {
        AtsBench.Outcome o = missing(0x5000);

        bench.function.disablePri();
        boolean early = status(PriCapability.STOPPED);
        AtsBench.Outcome late = missing(0x6000);
        bench.respond(bench.page(0).group(), NONE, Code.SUCCESS);

        assertThat(early).isFalse();
        assertThat(status(PriCapability.STOPPED)).isTrue();
        assertThat(late.status).isEqualTo(Status.NO_PAGE);
        assertThat(o.times).as("its page is there, it tries again").isZero();
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(3);
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(1);
    }

    @Test
    void shouldFailGroupsThatWaitForCreditsWhenItIsDisabled() {
        AtsBench one = new AtsBench().withPages(1);
        one.read(0x5000, 4, NONE);
        AtsBench.Outcome second = one.read(0x6000, 4, NONE);
        one.translate(0, page(0, 0));
        one.translate(1, page(0, 0));

        one.function.disablePri();

        assertThat(second.status).isEqualTo(Status.NO_PAGE);
        assertThat(one.count(TlpKind.PAGE_REQUEST)).isEqualTo(1);
    }

    @Test
    void shouldForgetGroupsWhenTheInterfaceIsReset() {
        AtsBench.Outcome o = missing(0x5000);

        bench.function.disablePri();
        config.write(pri + CONTROL, 2, (int) PriCapability.RESET.mask());
        bench.respond(bench.page(0).group(), NONE, Code.SUCCESS);

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(status(PriCapability.STOPPED)).isTrue();
        assertThat(bench.counted(Counter.RESPONSES_UNEXPECTED)).isEqualTo(1);
    }

    @Test
    void shouldAnswerNeitherInvalidationsNorResponsesWithoutTheCapabilities() {
        AtsBench without = AtsBench.withoutAts();

        without.invalidate(3, NONE, false, 0, 64);
        without.respond(0, NONE, Code.SUCCESS);
        AtsBench.Outcome o = without.read(0x5000, 4, NONE);

        assertThat(o.times).isZero();
        assertThat(without.count(TlpKind.INVALIDATE_COMPLETION)).isZero();
        assertThat(without.count(TlpKind.READ)).as("untranslated").isEqualTo(1);
    }
}
