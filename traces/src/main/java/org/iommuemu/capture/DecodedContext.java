// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How the recorder decoded the context of one VT-d requester: an item of {@code sources} in {@code tables.json}.
 *
 * @param sid source-id
 * @param entry legacy context entry, or PASID table entry, as words
 * @param type translation type
 * @param width address width code
 * @param domain domain id
 * @param table physical address of the first page table; 0 with pass-through
 */
public record DecodedContext(int sid, List<Long> entry, int type, int width, int domain, long table) {
    /** Takes an unmodifiable copy. */
    public DecodedContext {
        entry = List.copyOf(entry);
    }

    static List<DecodedContext> read(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        final JsonObject tables = JsonObject.read(file);
        final List<DecodedContext> contexts = new ArrayList<>();
        if (tables.has("sources")) {
            for (JsonObject source : tables.objects("sources")) {
                final List<Long> entry = new ArrayList<>();
                for (long word : source.numbers("entry")) {
                    entry.add(word);
                }
                contexts.add(new DecodedContext(
                        (int) source.number("sid", 0, 0xFFFF),
                        entry,
                        (int) source.number("tt", 0, 7),
                        (int) source.number("aw", 0, 7),
                        (int) source.number("domain", 0, 0xFFFF),
                        source.number("table")));
            }
        }
        return contexts;
    }
}
