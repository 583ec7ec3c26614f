// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.html;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** A whole document. It carries its style sheet, and its policy keeps the browser from fetching or running anything. */
public final class Page {
    private static final String STYLE = style();
    private static final String POLICY =
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private Page() {}

    /** The document, with its title as first heading. */
    public static String of(String title, Consumer<Markup> body) {
        Markup m = new Markup();
        m.open("html", "lang", "en").newLine().open("head").newLine();
        m.empty("meta", "charset", "utf-8").newLine();
        m.empty("meta", "http-equiv", "Content-Security-Policy", "content", POLICY)
                .newLine();
        m.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
                .newLine();
        m.empty("meta", "name", "color-scheme", "content", "light dark").newLine();
        m.leaf("title", title).newLine();
        m.leaf("style", STYLE).newLine();
        m.close().newLine().open("body").newLine().open("main").newLine();
        m.leaf("h1", title).newLine();
        body.accept(m);
        m.close().newLine().close().newLine().close().newLine();
        return "<!DOCTYPE html>\n" + m;
    }

    /** Free of characters that markup would have to escape: HTML takes a style sheet as it is, and XML does not. */
    private static String style() {
        try (InputStream in = Page.class.getResourceAsStream("page.css")) {
            if (in == null) {
                throw new IllegalStateException("the program lacks page.css");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
