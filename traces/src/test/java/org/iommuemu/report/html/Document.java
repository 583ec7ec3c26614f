// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** A page, read by a parser of XML that knows nothing of how it was written. */
public final class Document {
    private final org.w3c.dom.Document dom;

    private Document(org.w3c.dom.Document dom) {
        this.dom = dom;
    }

    /** Reads a page; it has to be well-formed. */
    public static Document of(String html) {
        try {
            return new Document(DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(html))));
        } catch (Exception e) {
            throw new AssertionError("not well-formed", e);
        }
    }

    /** Elements of a name, in order. */
    public List<Element> all(String name) {
        NodeList found = dom.getElementsByTagName(name);
        List<Element> all = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            all.add((Element) found.item(i));
        }
        return all;
    }

    /** Texts of elements of a name, in order. */
    public List<String> texts(String name) {
        return all(name).stream().map(Element::getTextContent).toList();
    }

    /** The cells of the rows whose first cell is this. */
    public List<List<String>> rows(String first) {
        List<List<String>> rows = new ArrayList<>();
        for (Element row : all("tr")) {
            NodeList cells = row.getElementsByTagName("td");
            if (cells.getLength() > 0 && cells.item(0).getTextContent().equals(first)) {
                List<String> texts = new ArrayList<>();
                for (int i = 0; i < cells.getLength(); i++) {
                    texts.add(cells.item(i).getTextContent());
                }
                rows.add(texts);
            }
        }
        return rows;
    }

    /** Asserts that nothing in it makes a browser fetch or run anything. */
    public Document isSelfContained() {
        assertThat(all("script")).isEmpty();
        assertThat(all("link")).isEmpty();
        assertThat(all("img")).isEmpty();
        assertThat(all("iframe")).isEmpty();
        for (Element e : all("*")) {
            for (int i = 0; i < e.getAttributes().getLength(); i++) {
                String name = e.getAttributes().item(i).getNodeName();
                assertThat(name).doesNotStartWith("on").isNotIn("src", "srcset", "href", "xlink:href", "style", "data");
                if (!name.equals("content")) {
                    assertThat(e.getAttributes().item(i).getNodeValue()).doesNotContain("url(");
                }
            }
        }
        assertThat(texts("style")).allSatisfy(s -> assertThat(s).doesNotContain("@import", "url(", "://"));
        assertThat(all("meta"))
                .anySatisfy(m -> assertThat(m.getAttribute("content")).startsWith("default-src 'none';"));
        return this;
    }
}
