// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.iommuemu.capture.CompressedFile;
import org.iommuemu.capture.InputException;

/** A file of scenarios: JSON Lines, plain, {@code .gz} or {@code .zst}; blank lines are passed over. */
final class ScenarioFile {
    /** Takes one line. */
    @FunctionalInterface
    interface LineReader {
        void line(long number, String text);
    }

    private ScenarioFile() {}

    /**
     * Gives every line to a reader.
     *
     * @throws InputException if the file cannot be read
     */
    static void forEachLine(Path file, LineReader reader) {
        long number = 0;
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(CompressedFile.open(file), StandardCharsets.UTF_8))) {
            for (String text = in.readLine(); text != null; text = in.readLine()) {
                number++;
                if (!text.isBlank()) {
                    reader.line(number, text);
                }
            }
        } catch (IOException e) {
            throw new InputException(
                    file, number, "cannot be read (" + e.getMessage() + ")", "a file of scenarios, one a line");
        }
    }
}
