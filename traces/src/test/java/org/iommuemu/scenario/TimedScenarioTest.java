// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.StaleCause;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps with devices in time: what differs is told, and what is wrong in a file is one line. */
class TimedScenarioTest {
    private static final Path FILE = Path.of("timed.jsonl");
    private static final String HEAD = "{'name':'n','iommu':'smmuv3','features':{'idr0':'0x88ff49b','idr1':'0x6739a10',"
            + "'idr3':'0x21414','idr5':'0x40075','iidr':'0','aidr':'2'},'steps':[";

    /** A device behind an SMMU that is off: DMA passes untranslated. */
    private static final String DEVICE = "{'op':'device','requester':1}";

    private static Scenario scenario(String... steps) {
        return Scenario.parse(FILE, 3, (HEAD + String.join(",", steps) + "]}").replace('\'', '"'));
    }

    private static ScenarioResult run(String... steps) {
        return new ScenarioRunner(CacheConfiguration.standard()).run(scenario(steps));
    }

    private static String difference(String... steps) {
        ScenarioResult result = run(steps);
        return result.step() + ": " + result.difference();
    }

    @Test
    void shouldTellHowAStepDiffers() {
        String write =
                "{'op':'device_dma','requester':1,'iova':'0x5000','length':4,'write':true,'data':'01020304','expect':'ok'}";
        String read = "{'op':'device_dma','requester':1,'iova':'0x5000','length':4,'write':false,";
        assertThat(run(DEVICE, write, read + "'data':'01020304','expect':'ok'}").status())
                .isEqualTo(ScenarioResult.Status.PASSED);
        assertThat(difference(DEVICE, write, read + "'data':'01020305','expect':'ok'}"))
                .isEqualTo("2: dma of 0x1 at 0x5000 read 01020304, expected 01020305");
        assertThat(difference(DEVICE, read + "'expect':'refused'}"))
                .isEqualTo("1: dma of 0x1 at 0x5000 ended as OK, expected REFUSED");
        assertThat(difference(DEVICE, read + "'expect':'ok','moved':3}"))
                .isEqualTo("1: dma of 0x1 at 0x5000 moved 4 bytes, expected 3");
        assertThat(difference(
                        DEVICE,
                        read + "'id':'a'}",
                        "{'op':'advance','time':10000}",
                        "{'op':'device_dma_end','id':'a','expect':'pending'}"))
                .isEqualTo("3: dma of 0x1 at 0x5000 has ended as OK, expected pending");
        assertThat(difference(DEVICE, "{'op':'device_dma_end','id':'a','expect':'ok'}"))
                .isEqualTo("1: there is no device_dma with id a");
        assertThat(difference(DEVICE, "{'op':'expect_message','requester':1,'kind':'page_request'}"))
                .isEqualTo("1: next page requests of 0x1 does not come");
        assertThat(difference(
                        DEVICE,
                        read + "'expect':'ok'}",
                        "{'op':'expect_message','requester':1,'kind':'read','none':true}"))
                .startsWith("2: next read requests of 0x1 is {address=0x5000, length=0x4");
        assertThat(difference(
                        DEVICE,
                        read + "'expect':'ok'}",
                        "{'op':'expect_message','requester':1,'kind':'read','address':'0x6000'}"))
                .endsWith("expected {address=0x6000}");
        assertThat(difference(DEVICE, "{'op':'expect_counter','requester':1,'counter':'requests','value':1}"))
                .isEqualTo("1: REQUESTS is 0, expected 1");
        assertThat(difference(DEVICE, "{'op':'expect_injected','rule':'r','count':1}"))
                .isEqualTo("1: rule r acted 0 times, expected 1");
        assertThat(difference(DEVICE, "{'op':'expect_stopped','requester':1,'pasid':3,'stopped':true}"))
                .isEqualTo("1: PASID 3 is not stopped");
        assertThat(difference(DEVICE, "{'op':'inject','rule':'r','fault':'flr','requester':9,'at':1}"))
                .isEqualTo("1: rule r: requester is 0x9; expected one that is there");
    }

    @Test
    void shouldDoAtomicsAndSayWhatWasThere() {
        String add =
                "{'op':'device_dma','requester':1,'iova':'0x5000','length':4,'atomic':'fetch_add','data':'02000000',";
        assertThat(run(
                                DEVICE,
                                "{'op':'mem_write','addr':'0x5000','data':'05000000'}",
                                add + "'old':'05000000','expect':'ok'}",
                                add + "'old':'07000000','expect':'ok'}",
                                "{'op':'mem_expect','addr':'0x5000','data':'09000000'}")
                        .difference())
                .isEmpty();
        assertThat(difference(DEVICE, add + "'old':'01000000','expect':'ok'}"))
                .isEqualTo("1: dma of 0x1 at 0x5000 read 00000000, expected 01000000");
    }

    @Test
    void shouldRunTheSameEveryTime() {
        String noise = "{'op':'inject','rule':'r','fault':'corrupt','tlp':['write'],'field':'payload','random_bits':3}";
        String write =
                "{'op':'device_dma','requester':1,'iova':'0x5000','length':8,'write':true,'data':'0000000000000000','expect':'ok'}";
        String look =
                "{'op':'device_dma','requester':1,'iova':'0x5000','length':8,'write':false,'data':'0000000000000000','expect':'ok'}";

        String first = difference(DEVICE, noise, write, look);

        assertThat(first).startsWith("3: dma of 0x1 at 0x5000 read ");
        assertThat(difference(DEVICE, noise, write, look)).isEqualTo(first);
    }

    @Test
    void shouldLeaveTimedScenariosOutOfFailingEachAccess() {
        FailNthResult result = new ScenarioRunner(CacheConfiguration.standard()).failNth(scenario(DEVICE));

        assertThat(result.runs()).isZero();
    }

    private static void refused(String step, String message) {
        assertThatThrownBy(() -> scenario(DEVICE, step))
                .isInstanceOf(InputException.class)
                .hasMessage("timed.jsonl:3: " + message);
    }

    @Test
    void shouldNameTheFieldThatIsWrong() {
        refused("{'op':'flr','requester':2}", "steps[1].requester is 2; expected that of a device step before");
        refused(DEVICE, "steps[1].requester is 1; expected one without a device step before");
        refused(
                "{'op':'ats_request','requester':2,'iova':0,'count':2,'expect':'ur'}",
                "steps[1].count is 2; expected 1, or the requester of a device step before");
        refused(
                "{'op':'device_dma','requester':1,'iova':0,'length':4,'write':true,'expect':'ok'}",
                "steps[1].data is nothing; expected the bytes to write");
        refused(
                "{'op':'device_dma','requester':1,'iova':0,'length':4,'atomic':'compare_and_swap','data':'00000000','expect':'ok'}",
                "steps[1].data is \"00000000\"; expected 8 bytes, as length says");
        refused(
                "{'op':'device_dma','requester':1,'iova':0,'length':3,'atomic':'swap','data':'000000','expect':'ok'}",
                "steps[1].length is 3; expected 4 or 8 for an atomic");
        refused(
                "{'op':'device_dma','requester':1,'iova':'0x5ffc','length':8,'atomic':'swap','data':'0000000000000000','expect':'ok'}",
                "steps[1].iova is \"0x5ffc\"; expected a multiple of length for an atomic");
        refused(
                "{'op':'expect_message','requester':1,'kind':'page_request','itag':1}",
                "steps[1].itag is 1; expected one of address, execute, group, last, pasid, privileged, read, write of a "
                        + "page_request");
        refused(
                "{'op':'inject','rule':'r','fault':'delay','tlp':['read'],'time':0}",
                "steps[1].rule is \"r\"; expected a possible rule (rule r: time is 0; expected more than 0 ps)");
        refused(
                "{'op':'advance','time':-1}",
                "steps[1].time is -1; expected an unsigned number, or a string such as " + "\"0x1000\"");
    }

    @ParameterizedTest
    @CsvSource({
        "smmuv3-ats.jsonl",
        "smmuv3-pri.jsonl",
        "smmuv3-inject.jsonl",
        "vtd-ats.jsonl",
        "vtd-pri.jsonl",
        "vtd-inject.jsonl"
    })
    void shouldPassWhateverTheCaches(String file) {
        List<Scenario> scenarios = Scenario.readAll(Path.of("scenarios", file));
        ScenarioRunner without = new ScenarioRunner(CacheConfiguration.none());

        List<String> failures = scenarios.stream()
                .map(without::run)
                .filter(r -> r.status() != ScenarioResult.Status.PASSED)
                .map(ScenarioResult::text)
                .toList();

        assertThat(failures).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"smmuv3-ats.jsonl, 7", "smmuv3-pri.jsonl, 0", "vtd-ats.jsonl, 7", "vtd-pri.jsonl, 0"})
    void shouldReportWhatDevicesKeepTooLong(String file, int expected) {
        List<Scenario> scenarios = Scenario.readAll(Path.of("scenarios", file));
        ScenarioRunner runner = new ScenarioRunner(CacheConfiguration.standard());
        runner.detectStale();

        List<String> failures = scenarios.stream()
                .map(runner::run)
                .filter(r -> r.status() != ScenarioResult.Status.PASSED)
                .map(ScenarioResult::text)
                .toList();

        long pages = scenarios.stream()
                .flatMap(s -> s.steps().stream())
                .filter(s -> s instanceof DeviceStep.ExpectStale e && e.cause() == StaleCause.KEPT_BY_DEVICE)
                .count();
        assertThat(failures).isEmpty();
        assertThat(runner.stale()).isEmpty();
        assertThat(pages).isEqualTo(expected);
    }
}
