// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import com.fasterxml.jackson.core.JacksonException;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** What is wrong with a file that should be YAML. */
public final class YamlFlaw {
    private YamlFlaw() {}

    /** What the parser says, in one line: without the excerpts that it draws of the file. */
    public static InputException of(Path file, JacksonException e) {
        long line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
        String problem = e.getOriginalMessage()
                .lines()
                .filter(l -> !l.isBlank() && !l.startsWith(" "))
                .collect(Collectors.joining(", "));
        return new InputException(file, line, "not YAML: " + problem, "valid YAML");
    }
}
