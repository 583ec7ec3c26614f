// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.util.ArrayDeque;
import java.util.Deque;

/** Elements that are always closed, with text and attributes that are always escaped: HTML that is well-formed XML as well. */
public final class Markup {
    private static final char REPLACEMENT = '\uFFFD';

    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /**
     * Begins an element.
     *
     * @param attributes names and values by turns
     */
    public Markup open(String element, String... attributes) {
        begin(element, attributes);
        out.append('>');
        open.push(element);
        return this;
    }

    /** Ends the element that was begun last. */
    public Markup close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** An element without content: a void one of HTML, or one of SVG. */
    public Markup empty(String element, String... attributes) {
        begin(element, attributes);
        out.append("/>");
        return this;
    }

    /** An element of text. */
    public Markup leaf(String element, String text, String... attributes) {
        return open(element, attributes).text(text).close();
    }

    /** Text. */
    public Markup text(String text) {
        escape(text);
        return this;
    }

    /** A new line, for people who read the source. */
    Markup newLine() {
        out.append('\n');
        return this;
    }

    private void begin(String element, String... attributes) {
        out.append('<').append(element);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            escape(attributes[i + 1]);
            out.append('"');
        }
    }

    private void escape(String text) {
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(isLegal(c) ? c : REPLACEMENT);
            }
        });
    }

    /** What XML 1.0 (section 2.2) and HTML both take; carriage returns would not survive. */
    private static boolean isLegal(int c) {
        boolean control = c < ' ' && c != '\t' && c != '\n' || c >= 0x7F && c <= 0x9F;
        boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        boolean nonCharacter = (c & 0xFFFE) == 0xFFFE || c >= 0xFDD0 && c <= 0xFDEF;
        return !control && !surrogate && !nonCharacter;
    }

    /** All of it; every element has been ended. */
    @Override
    public String toString() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("not ended: " + open);
        }
        return out.toString();
    }
}
