// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.Arrays;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.RandomStream;

/** A function that sends what it likes, past all that a DMA engine would mind. */
final class Attacks {
    /** What its writes write. */
    static final byte MARK = 0x5A;

    private static final int PASID_BITS = 20;
    private static final int MOST_BYTES = 4096;
    private static final int GROUPS = 1 << 9;

    /** What it does. */
    enum Kind {
        /** Reads and writes anywhere, with any PASID. */
        ANYWHERE,
        /** Reads and writes with AT=10 anywhere. */
        FORGED_TRANSLATED,
        /** Translation Requests for anything. */
        TRANSLATION_REQUESTS,
        /** Reads and writes that go on far behind the only page that it has. */
        OVERSIZED,
        /** Writes to one place that is not mapped. */
        ENDLESS_FAULTS,
        /** Page Requests, also such as no function may send. */
        PAGE_REQUESTS,
        /** Interrupts, at vectors and places that it was not given. */
        INTERRUPTS,
        /** Invalidate Completions that nobody has asked for. */
        FORGED_COMPLETIONS
    }

    private final PciFunction function;
    private final long ownPage;
    private final RandomStream random;

    Attacks(PciFunction function, long ownPage, long seed) {
        this.function = function;
        this.ownPage = ownPage;
        random = new RandomStream(seed);
    }

    void go(Kind kind) {
        switch (kind) {
            case ANYWHERE -> request(Tlp.AddressType.UNTRANSLATED, anywhere(), 1 + below(512), pasid());
            case FORGED_TRANSLATED -> request(Tlp.AddressType.TRANSLATED, anywhere(), 1 + below(512), pasid());
            case TRANSLATION_REQUESTS ->
                send(TlpKind.TRANSLATION_REQUEST, Tlp.AddressType.TRANSLATION_REQUEST, anywhere(), 8, pasid());
            case OVERSIZED ->
                request(
                        Tlp.AddressType.UNTRANSLATED,
                        ownPage + below(4096),
                        1 + below(1 << 16),
                        Transaction.NO_SUBSTREAM);
            case ENDLESS_FAULTS -> send(TlpKind.WRITE, Tlp.AddressType.UNTRANSLATED, ownPage ^ 1L << 30, 8, -1);
            case PAGE_REQUESTS ->
                function.link()
                        .up(new Tlp.PageRequestMessage(new PageRequest(
                                function.id(),
                                pasid(),
                                anywhere() & -4096,
                                even(),
                                even(),
                                even(),
                                even(),
                                even(),
                                below(GROUPS))));
            case INTERRUPTS -> function.requester().interrupt(interruptAddress(), below(1 << 16));
            case FORGED_COMPLETIONS ->
                function.link().up(new Tlp.InvalidateCompletion(function.id(), (int) random.nextLong(), 1 + below(8)));
        }
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    private boolean even() {
        return below(2) == 0;
    }

    private int pasid() {
        return even() ? Transaction.NO_SUBSTREAM : below(1 << below(PASID_BITS + 1));
    }

    /** All 64 bits, but mostly where something is: near 0, near the ends of tables, near memory that others have. */
    private long anywhere() {
        long bits = random.nextLong() >>> below(Long.SIZE);
        return switch (below(4)) {
            case 0 -> bits;
            case 1 -> World.FRAMES + below(1 << 20);
            case 2 -> (1L << 28) + below(1 << 24);
            default -> (1L << below(Long.SIZE)) + below(1 << 13) - (1 << 12);
        };
    }

    private long interruptAddress() {
        return even() ? 0xFEE0_0000L | (long) below(1 << 20) & -4 : anywhere() & -4;
    }

    private void request(Tlp.AddressType type, long address, int bytes, int pasid) {
        send(even() ? TlpKind.WRITE : TlpKind.READ, type, address, bytes, pasid);
    }

    private void send(TlpKind kind, Tlp.AddressType type, long address, int bytes, int pasid) {
        byte[] data = null;
        if (kind == TlpKind.WRITE) {
            data = new byte[bytes];
            Arrays.fill(data, MARK);
        }
        function.link()
                .up(new Tlp.MemoryRequest(
                        kind,
                        function.id(),
                        below(MOST_BYTES),
                        type,
                        address,
                        bytes,
                        pasid,
                        kind == TlpKind.WRITE ? Access.WRITE : Access.READ,
                        data,
                        null,
                        false));
    }
}
