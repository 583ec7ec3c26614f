// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.scenario.Scenario;
import org.iommuemu.scenario.ScenarioResult;
import org.iommuemu.scenario.ScenarioRunner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class JunitXmlTest {
    @TempDir
    private Path temp;

    @Test
    void shouldBeXmlWhateverAScenarioIsCalled() throws Exception {
        ScenarioResult r = run("bell \\u0007, null \\u0000, half \\ud800, none \\uffff, <&>");

        Document xml = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(JunitXml.of(List.of(r)))));

        Element testcase = (Element) xml.getElementsByTagName("testcase").item(0);
        assertThat(testcase.getAttribute("name")).isEqualTo("bell \\x07, null \\x00, half \\ud800, none \\uffff, <&>");
        Element failure = (Element) xml.getElementsByTagName("failure").item(0);
        assertThat(failure.getAttribute("message")).contains("register 0x4 is 0x2730010, expected 0x1");
    }

    @Test
    void shouldNotDriveATerminal() throws Exception {
        assertThat(run("red \\u001b[31m\\n").text()).contains(": red \\x1b[31m\\x0a, step 0: register 0x4");
    }

    /** A scenario that fails. */
    private ScenarioResult run(String name) throws IOException {
        Path file = temp.resolve("s.jsonl");
        String features = "{'idr0':'0xd40101a','idr1':'0x2730010','idr3':'0x1404','idr5':'0x74','iidr':0,'aidr':1}";
        String step = "{'op':'mmio_read','offset':'0x4','size':4,'expect':'0x1'}";
        Files.writeString(
                file,
                ("{'name':'" + name + "','iommu':'smmuv3','features':" + features + ",'steps':[" + step + "]}\n")
                        .replace('\'', '"'));
        return new ScenarioRunner(CacheConfiguration.none())
                .run(Scenario.readAll(file).get(0));
    }
}
