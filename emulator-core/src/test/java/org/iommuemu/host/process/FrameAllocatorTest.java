// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.iommuemu.host.process.ProcessMachine.PAGE;

import org.junit.jupiter.api.Test;

/** Frames: which come first, and when they are free. */
class FrameAllocatorTest {
    private final FrameAllocator frames = new FrameAllocator();

    @Test
    void shouldBeginAtFourTebibytes() {
        assertThat(frames.allocate()).isEqualTo(0x400_0000_0000L);
        assertThat(frames.allocate()).isEqualTo(0x400_0000_1000L);
        assertThat(frames.inUse()).isEqualTo(2);
    }

    @Test
    void shouldHandOutFirstWhatWasFreedLast() {
        long first = frames.allocate();
        long second = frames.allocate();
        frames.release(second);
        frames.release(first);

        assertThat(frames.inUse()).isZero();
        assertThat(frames.allocate()).isEqualTo(first);
        assertThat(frames.allocate()).isEqualTo(second);
    }

    @Test
    void shouldFreeAFrameWithItsLastReferenceAndPin() {
        long frame = frames.allocate();
        frames.share(frame);
        frames.pin(frame);

        frames.release(frame);
        frames.release(frame);
        int pinned = frames.inUse();
        frames.unpin(frame);

        assertThat(pinned).isEqualTo(1);
        assertThat(frames.inUse()).isZero();
    }

    @Test
    void shouldHandOutNoMoreThanItsLimit() {
        frames.limit(2);
        long first = frames.allocate();
        frames.allocate();

        assertThat(frames.allocate()).isEqualTo(FrameAllocator.NONE);
        frames.release(first);
        assertThat(frames.allocate()).isEqualTo(first);
    }

    @Test
    void shouldKeepManyFramesApart() {
        for (int i = 0; i < 1000; i++) {
            assertThat(frames.allocate()).isEqualTo(FrameAllocator.START + i * PAGE);
        }
        for (int i = 0; i < 1000; i++) {
            frames.release(FrameAllocator.START + i * PAGE);
        }

        assertThat(frames.inUse()).isZero();
        assertThat(frames.allocate()).isEqualTo(FrameAllocator.START + 999 * PAGE);
    }

    @Test
    void shouldNoticeWhatIsGivenBackTwice() {
        long frame = frames.allocate();
        frames.pin(frame);
        frames.release(frame);

        assertThatThrownBy(() -> frames.release(frame)).isInstanceOf(IllegalStateException.class);
        frames.unpin(frame);
        assertThatThrownBy(() -> frames.unpin(frame)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> frames.share(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
