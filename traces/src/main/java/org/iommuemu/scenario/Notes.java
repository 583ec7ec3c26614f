// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The remarks of a scenario's recorder: where the recorded model departs from the architecture ({@code QUIRK id: …}) or where the
 * architecture leaves freedom ({@code LATITUDE id: …}), separated by {@code |}.
 *
 * @param ids every remark's kind and id
 * @param excuses those for which the scenario may differ
 */
public record Notes(List<String> ids, List<String> excuses) {
    /** Quirks of single fields, which masks take care of: a scenario with only these must pass. */
    private static final Set<String> NEUTRALISED = Set.of(
            "evt-class",
            "cd-fetch-addr",
            "frcd-pv",
            "evt-ipa-low",
            "evt-ipa-tt",
            "evt-ipa-hit",
            "evt-rnw-desc",
            "evt-ttrnw",
            "evt-s2-tt",
            "evt-tt-eabt-addr",
            "frcd-pp",
            "flts-aw");

    /** Reads a note. */
    static Notes parse(String note) {
        List<String> ids = new ArrayList<>();
        List<String> excuses = new ArrayList<>();
        for (String part : note.split("\\|")) {
            String entry = part.strip();
            int colon = entry.indexOf(':');
            String head = colon < 0 ? entry : entry.substring(0, colon);
            String[] words = head.split(" ", 2);
            ids.add(head);
            boolean quirk = words[0].equals("QUIRK") && words.length == 2 && !NEUTRALISED.contains(words[1]);
            if (quirk || words[0].equals("LATITUDE")) {
                excuses.add(head);
            }
        }
        return new Notes(List.copyOf(ids), List.copyOf(excuses));
    }
}
