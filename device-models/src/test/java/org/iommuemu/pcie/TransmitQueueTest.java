// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;

/** What may pass what on a link (PCIe Base Specification §2.4.1, table 2-42 without relaxed ordering). */
class TransmitQueueTest {
    private static final FlowControl.Pool ONE = new FlowControl.Pool(1, 16);

    private final List<Tlp> sent = new ArrayList<>();
    private final TransmitQueue queue = new TransmitQueue(ONE, ONE, ONE, sent::add);

    private static Tlp write(int tag) {
        return request(TlpKind.WRITE, tag, new byte[64]);
    }

    private static Tlp read(int tag) {
        return request(TlpKind.READ, tag, null);
    }

    private static Tlp request(TlpKind kind, int tag, byte[] data) {
        return new Tlp.MemoryRequest(
                kind, 0x100, tag, Tlp.AddressType.UNTRANSLATED, 0x1000, 64, -1, 0, data, null, false);
    }

    private static Tlp completion(int tag) {
        return new Tlp.Completion(TlpKind.COMPLETION, 0x200, tag, Tlp.Status.SUCCESS, 64, new byte[64], false);
    }

    private void send(Tlp tlp) {
        queue.send(tlp, () -> {});
    }

    @Test
    void shouldNotLetAReadOrACompletionPassAWrite() {
        Tlp first = write(0);
        Tlp second = write(1);
        Tlp read = read(2);
        Tlp completion = completion(3);
        send(first);
        send(second);
        send(read);
        send(completion);
        assertThat(sent).as("no credit for the second write").containsExactly(first);

        queue.credit(first);

        assertThat(sent).containsExactly(first, second, read, completion);
    }

    @Test
    void shouldLetWritesAndCompletionsPassReads() {
        Tlp first = read(0);
        Tlp second = read(1);
        Tlp write = write(2);
        Tlp completion = completion(3);
        send(first);
        send(second);
        send(write);
        send(completion);
        assertThat(sent).containsExactly(first, write, completion);

        queue.credit(first);

        assertThat(sent).containsExactly(first, write, completion, second);
    }

    @Test
    void shouldLetWritesPassCompletions() {
        Tlp first = completion(0);
        Tlp second = completion(1);
        Tlp write = write(2);
        send(first);
        send(second);
        send(write);

        assertThat(sent).containsExactly(first, write);
    }

    /** What a receiver holds from before a reset gives no credits back after it. */
    @Test
    void shouldHaveNoMoreCreditsThanAdvertisedAfterAReset() {
        EventLoop loop = new EventLoop();
        TlpLink link = TestFunctions.link(loop, new FlowControl(ONE, ONE, ONE, ONE, 0));
        List<TlpReceiver.Buffer> held = new ArrayList<>();
        link.connectHost((tlp, buffer) -> held.add(buffer));
        link.up(write(0));
        loop.run();

        link.remove();
        link.restore();
        link.up(write(1));
        link.up(write(2));
        loop.run();
        held.get(0).drained(loop.now());
        loop.run();

        assertThat(held).as("the one credit is that of the second write").hasSize(2);
        held.get(1).drained(loop.now());
        loop.run();
        assertThat(held).hasSize(3);
    }

    @Test
    void shouldKeepTheRulesInAnyMixture() {
        long seed = 42;
        RandomStream random = new RandomStream(seed);
        EventLoop loop = new EventLoop();
        FlowControl few = new FlowControl(ONE, new FlowControl.Pool(2, 8), ONE, ONE, 3000);
        TlpLink link = TestFunctions.link(loop, few);
        List<Tlp> order = new ArrayList<>();
        List<Tlp> arrived = new ArrayList<>();
        link.connectHost((tlp, buffer) -> {
            arrived.add(tlp);
            buffer.drained(loop.now() + random.nextBelow(20_000));
        });
        for (int i = 0; i < 2000; i++) {
            Tlp tlp = random.nextBelow(2) == 0 ? write(i) : random.nextBelow(2) == 0 ? read(i) : completion(i);
            loop.schedule(
                    random.nextBelow(10_000_000),
                    (time, data) -> {
                        order.add(tlp);
                        link.up(tlp);
                    },
                    0);
        }

        loop.run();

        assertThat(arrived).as("seed %d", seed).hasSameElementsAs(order).hasSize(2000);
        int overtaken = 0;
        for (int i = 0; i < arrived.size(); i++) {
            Tlp later = arrived.get(i);
            // Whatever comes after it but was sent before it, it has passed.
            for (Tlp passed : arrived.subList(i + 1, Math.min(arrived.size(), i + 300))) {
                if (order.indexOf(passed) < order.indexOf(later)) {
                    overtaken++;
                    assertThat(passed.kind().flow())
                            .as("passed by %s", later)
                            .isNotEqualTo(TlpKind.Flow.POSTED)
                            .isNotEqualTo(later.kind().flow());
                }
            }
        }
        assertThat(overtaken).as("the test passes something").isPositive();
    }
}
