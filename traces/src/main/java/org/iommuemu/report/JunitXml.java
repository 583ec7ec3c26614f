// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.iommuemu.capture.OneLine;
import org.iommuemu.scenario.ScenarioResult;
import org.iommuemu.scenario.ScenarioResult.Status;

/** Scenario results in the XML that CI servers read: a suite for each file, a case for each scenario. */
public final class JunitXml {
    private JunitXml() {}

    /** The document. */
    public static String of(List<ScenarioResult> results) {
        Map<Path, List<ScenarioResult>> byFile = new LinkedHashMap<>();
        for (ScenarioResult r : results) {
            byFile.computeIfAbsent(r.scenario().file(), f -> new ArrayList<>()).add(r);
        }
        StringWriter text = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("testsuites");
            for (Map.Entry<Path, List<ScenarioResult>> e : byFile.entrySet()) {
                suite(xml, e.getKey(), e.getValue());
            }
            xml.writeEndElement();
            xml.writeEndDocument();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("writing XML into a string", e);
        }
        return text.append('\n').toString();
    }

    private static void suite(XMLStreamWriter xml, Path file, List<ScenarioResult> results) throws XMLStreamException {
        xml.writeStartElement("testsuite");
        xml.writeAttribute("name", OneLine.of(file.toString()));
        xml.writeAttribute("tests", Integer.toString(results.size()));
        xml.writeAttribute("failures", Long.toString(count(results, Status.FAILED)));
        xml.writeAttribute("skipped", Long.toString(count(results, Status.SKIPPED)));
        for (ScenarioResult r : results) {
            xml.writeStartElement("testcase");
            xml.writeAttribute("classname", OneLine.of(file.getFileName().toString()));
            xml.writeAttribute("name", r.scenario().name());
            if (r.status() != Status.PASSED) {
                xml.writeEmptyElement(r.status() == Status.FAILED ? "failure" : "skipped");
                xml.writeAttribute("message", r.text());
            }
            xml.writeEndElement();
        }
        xml.writeEndElement();
    }

    private static long count(List<ScenarioResult> results, Status status) {
        return results.stream().filter(r -> r.status() == status).count();
    }
}
