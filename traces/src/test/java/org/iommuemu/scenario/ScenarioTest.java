// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScenarioTest {
    private static final String FEATURES = "{'idr0':'0xd40101a','idr1':'0x2730010','idr3':'0x1404','idr5':'0x74',"
            + "'iidr':'0x0','aidr':'0x1','ram':[{'base':'0x40000000','size':'0x1000'}]}";

    @TempDir
    private Path temp;

    private Path file(String... lines) throws IOException {
        Path file = temp.resolve("s.jsonl");
        Files.writeString(file, String.join("\n", lines).replace('\'', '"') + "\n");
        return file;
    }

    private static String scenario(String steps, String note) {
        return "{'name':'x','iommu':'smmuv3','features':" + FEATURES + ",'steps':[" + steps + "],'note':'" + note
                + "'}";
    }

    private ScenarioResult run(String steps, String note) throws IOException {
        List<Scenario> all = Scenario.readAll(file(scenario(steps, note)));
        return new ScenarioRunner(CacheConfiguration.standard()).run(all.get(0));
    }

    @Test
    void shouldPassWhenEveryStepIsAsExpected() throws IOException {
        ScenarioResult r = run(
                "{'op':'mem_write','addr':'0x40000010','data':'0102'},"
                        + "{'op':'mmio_read','offset':'0x4','size':4,'expect':'0x2730010'},"
                        + "{'op':'dma','requester':'0x18','iova':'0x40000010','length':2,'write':false,"
                        + "'data':'0102','expect':'ok'},"
                        + "{'op':'dma','requester':'0x18','iova':'0x40000011','length':1,'write':true,"
                        + "'data':'ff','expect':'ok'},"
                        + "{'op':'mem_expect','addr':'0x40000010','data':'01ff'}",
                "");

        assertThat(r.status()).as(r.difference()).isEqualTo(ScenarioResult.Status.PASSED);
    }

    @Test
    void shouldReachTheCounterGroupByItsFrame() throws IOException {
        // Counter 0 counts transactions of every stream.
        ScenarioResult r = run(
                "{'op':'mmio_write','frame':'pmcg','offset':'0x400','size':4,'value':'0x20000001'},"
                        + "{'op':'mmio_write','frame':'pmcg','offset':'0xa00','size':4,'value':'0xffffffff'},"
                        + "{'op':'mmio_write','frame':'pmcg','offset':'0xc00','size':8,'value':'0x1'},"
                        + "{'op':'mmio_write','frame':'pmcg','offset':'0xe04','size':4,'value':'0x1'},"
                        + "{'op':'dma','requester':'0x18','iova':'0x40000000','length':4,'write':false,'expect':'ok'},"
                        + "{'op':'mmio_read','frame':'pmcg','offset':'0x0','size':8,'expect':'0x1'},"
                        + "{'op':'mmio_read','frame':'smmu','offset':'0x4','size':4,'expect':'0x2730010'}",
                "");

        assertThat(r.status()).as(r.difference()).isEqualTo(ScenarioResult.Status.PASSED);
    }

    @Test
    void shouldAnswerOutsideOfRamWithABusError() throws IOException {
        ScenarioResult r = run(
                "{'op':'dma','requester':'0x18','iova':'0x40001000','length':1,'write':true,'data':'ff','expect':'abort'}",
                "");

        assertThat(r.status()).isEqualTo(ScenarioResult.Status.PASSED);
    }

    @Test
    void shouldNameTheStepThatDiffers() throws IOException {
        ScenarioResult r = run(
                "{'op':'mem_write','addr':'0x40000000','data':'aa'},"
                        + "{'op':'mem_expect','addr':'0x40000000','data':'ab'}",
                "");

        assertThat(r.status()).isEqualTo(ScenarioResult.Status.FAILED);
        assertThat(r.step()).isEqualTo(1);
        assertThat(r.difference()).contains("is aa, expected ab");
    }

    @ParameterizedTest
    @CsvSource({
        "'', FAILED",
        "QUIRK evt-class: a field, FAILED",
        "QUIRK evt-class: a field | QUIRK addr-size: more, SKIPPED",
        "QUIRK recinvsid: x, SKIPPED",
        "LATITUDE partial: x, SKIPPED"
    })
    void shouldExcuseADifferenceOnlyByARemarkThatAllowsIt(String note, ScenarioResult.Status status)
            throws IOException {
        assertThat(run("{'op':'mem_expect','addr':'0x40000000','data':'01'}", note)
                        .status())
                .isEqualTo(status);
    }

    @Test
    void shouldCompareUnderTheMask() throws IOException {
        ScenarioResult r = run(
                "{'op':'mem_write','addr':'0x40000000','data':'a5'},"
                        + "{'op':'mem_expect','addr':'0x40000000','data':'a0','arch_mask':'f0'}",
                "");

        assertThat(r.status()).isEqualTo(ScenarioResult.Status.PASSED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'op':'frob'}; steps[0].op is \"frob\"",
                "{'op':'mem_write','addr':'0x0','data':'abc'}; steps[0].data",
                "{'op':'mem_write','addr':'0x0'}; no 'steps[0].data'",
                "{'op':'mem_write','addr':'0x10000000000000','data':'00'}; steps[0].addr",
                "{'op':'mmio_read','offset':'0x0','frame':'gic','size':4,'expect':'0x0'}; steps[0].frame",
                "{'op':'mmio_read','offset':'0x0','size':3,'expect':'0x0'}; steps[0].size",
                "{'op':'mmio_write','offset':'0x0','size':4,'value':'0xzz'}; steps[0].value",
                "{'op':'dma','requester':'0x1','iova':'0x0','length':4,'write':true,'data':'00','expect':'ok'}; steps[0].data",
                "{'op':'dma','requester':'0x1','iova':'0x0','length':4,'write':false,'expect':'maybe'}; steps[0].expect"
            })
    void shouldNameFileLineAndFieldOfABadStep(String step, String fragment) throws IOException {
        Path file = file("", scenario(step.replace('"', '\''), ""));

        assertThatThrownBy(() -> Scenario.readAll(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("s.jsonl:2: ")
                .hasMessageContaining(fragment);
    }

    @Test
    void shouldNameTheLineThatIsNoJson() throws IOException {
        Path file = file(scenario("", ""), "{'name':");

        assertThatThrownBy(() -> Scenario.readAll(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("s.jsonl:2: not JSON");
    }
}
