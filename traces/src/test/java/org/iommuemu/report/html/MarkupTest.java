// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MarkupTest {
    @Test
    void shouldEscapeTextAndAttributes() {
        String hostile = "</td><script>alert('1' & \"2\")</script>";

        String html = new Markup().leaf("td", hostile, "title", hostile).toString();

        String escaped = "&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;";
        assertThat(html).isEqualTo("<td title=\"" + escaped + "\">" + escaped + "</td>");
    }

    @Test
    void shouldReplaceWhatNoDocumentMayHold() {
        assertThat(new Markup().text("a\u0000b\u001Bc\uD800d\uFFFEe\u0085\r").toString())
                .isEqualTo("a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFD\uFFFD");
        assertThat(new Markup().text("ü 😀\t\n").toString()).isEqualTo("ü 😀\t\n");
    }

    @Test
    void shouldCloseInTheOrderOfOpening() {
        assertThat(new Markup()
                        .open("p")
                        .open("b")
                        .text("x")
                        .close()
                        .empty("br")
                        .close()
                        .toString())
                .isEqualTo("<p><b>x</b><br/></p>");
        assertThatThrownBy(() -> new Markup().open("p").toString()).hasMessage("not ended: [p]");
    }
}
