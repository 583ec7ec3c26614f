// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.time.EventLoop;
import org.junit.jupiter.api.Test;

/** What is told of a run. */
class StoryTest {
    private final EventLoop clock = new EventLoop();
    private final List<String> lines = new ArrayList<>();
    private final Story story = new Story(clock, lines::add);

    @Test
    void shouldTellTheTimeInMicroseconds() {
        clock.runUntil(1_234_567);

        story.tell("host", "maps a page");

        assertThat(lines).containsExactly("       1.235 us  host         maps a page");
    }

    @Test
    void shouldCountWhatHoldsAndWhatDoesNot() {
        story.check("the sky is up", true);
        story.check("pigs fly", false);

        assertThat(lines).containsExactly("holds   the sky is up", "FAILS   pigs fly");
        assertThat(story.held()).isEqualTo(1);
        assertThat(story.failed()).isEqualTo(1);
    }
}
