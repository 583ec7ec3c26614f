// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.Locale;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.RandomStream;

/** Flips bits of one TLP. */
final class TlpCorruption {
    private static final int WORD = Long.BYTES;

    private final TlpAction.Corrupt action;
    private final RandomStream random;
    private String what = "";

    TlpCorruption(TlpAction.Corrupt action, RandomStream random) {
        this.action = action;
        this.random = random;
    }

    /** What was flipped last. */
    String what() {
        return what;
    }

    /** The TLP as it arrives. One that has no such bit, such as a payload of fewer words, arrives as it is. */
    Tlp apply(Tlp tlp) {
        what = "nothing of " + name();
        if (tlp instanceof Tlp.MemoryRequest r) {
            return request(r);
        } else if (tlp instanceof Tlp.Completion c) {
            return completion(c);
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            return switch (action.field()) {
                case ITAG ->
                    new Tlp.InvalidateRequest(
                            i.target(), i.itag() ^ (int) mask(5), i.pasid(), i.global(), i.address(), i.log2Bytes());
                case ADDRESS -> range(i);
                case PASID ->
                    new Tlp.InvalidateRequest(
                            i.target(), i.itag(), pasid(i.pasid()), i.global(), i.address(), i.log2Bytes());
                default -> i;
            };
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            return action.field() == TlpField.ITAG_VECTOR
                    ? new Tlp.InvalidateCompletion(c.source(), c.itags() ^ (int) mask(32), c.count())
                    : new Tlp.InvalidateCompletion(c.source(), c.itags(), count(c.count() ^ (int) mask(3)));
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            return new Tlp.PageRequestMessage(page(m.request()));
        } else if (tlp instanceof Tlp.PrgResponse r) {
            return new Tlp.PrgResponse(response(r.response()));
        }
        return tlp;
    }

    /** An address loses its alignment to the span at most: the bits within it are the span's encoding. */
    private Tlp range(Tlp.InvalidateRequest i) {
        long flipped = i.address() ^ mask(Long.SIZE);
        long aligned = i.log2Bytes() >= Long.SIZE ? 0 : flipped & -(1L << i.log2Bytes());
        return new Tlp.InvalidateRequest(i.target(), i.itag(), i.pasid(), i.global(), aligned, i.log2Bytes());
    }

    private static int count(int encoded) {
        return (encoded & 7) == 0 ? 8 : encoded & 7;
    }

    private int pasid(int pasid) {
        return pasid < 0 ? pasid : pasid ^ (int) mask(20);
    }

    private Tlp request(Tlp.MemoryRequest r) {
        byte[] data = r.data();
        boolean ofData = action.field() == TlpField.PAYLOAD && data != null;
        // A request does not leave its page: no link checks that, but the encoding of its length would not hold.
        long address = action.field() == TlpField.ADDRESS ? r.address() ^ mask(Long.SIZE) & ~0xFFFL : r.address();
        return new Tlp.MemoryRequest(
                r.kind(),
                r.requester(),
                r.tag(),
                r.type(),
                address,
                r.bytes(),
                action.field() == TlpField.PASID ? pasid(r.pasid()) : r.pasid(),
                r.access(),
                ofData && data != null ? flip(data) : data,
                r.atomic(),
                r.poisoned() ^ (action.field() == TlpField.POISON && mask(1) != 0));
    }

    private Tlp completion(Tlp.Completion c) {
        boolean ofData = action.field() == TlpField.PAYLOAD || action.field() == TlpField.TRANSLATION;
        Tlp.Status status = c.status();
        if (action.field() == TlpField.STATUS) {
            status = status(encoding(status) ^ (int) mask(3));
        }
        return new Tlp.Completion(
                c.kind(),
                c.requester(),
                c.tag(),
                status,
                c.byteCount(),
                ofData ? flip(c.data()) : status == Tlp.Status.SUCCESS ? c.data() : new byte[0],
                c.poisoned() ^ (action.field() == TlpField.POISON && mask(1) != 0));
    }

    private static int encoding(Tlp.Status status) {
        return switch (status) {
            case SUCCESS -> 0;
            case UR -> 1;
            case CA -> 4;
        };
    }

    private static Tlp.Status status(int encoded) {
        return encoded == 0 ? Tlp.Status.SUCCESS : encoded == 4 ? Tlp.Status.CA : Tlp.Status.UR;
    }

    private PageRequest page(PageRequest p) {
        boolean ofGroup = action.field() == TlpField.GROUP;
        return new PageRequest(
                p.streamId(),
                action.field() == TlpField.PASID ? pasid(p.substreamId()) : p.substreamId(),
                action.field() == TlpField.ADDRESS ? (p.address() ^ mask(Long.SIZE)) & ~0xFFFL : p.address(),
                p.read(),
                p.write(),
                p.execute(),
                p.privileged(),
                p.last(),
                ofGroup ? p.group() ^ (int) mask(9) : p.group());
    }

    private PageResponse response(PageResponse p) {
        PageResponse.Code code = p.code();
        if (action.field() == TlpField.RESPONSE_CODE) {
            int encoded = code.encoding() ^ (int) mask(4);
            code = encoded == 0
                    ? PageResponse.Code.SUCCESS
                    : encoded == 1 ? PageResponse.Code.INVALID : PageResponse.Code.FAILURE;
        }
        return new PageResponse(
                p.streamId(),
                action.field() == TlpField.PASID ? pasid(p.substreamId()) : p.substreamId(),
                action.field() == TlpField.GROUP ? p.group() ^ (int) mask(9) : p.group(),
                code);
    }

    /** The bits to flip in a field of {@code width}. */
    private long mask(int width) {
        long mask = action.bits() ^ RandomBits.draw(random, action.random(), width);
        what = name() + " bits 0x" + Long.toHexString(mask);
        return mask;
    }

    private byte[] flip(byte[] data) {
        byte[] flipped = data.clone();
        int first = action.word() * WORD;
        for (int bit = 0; bit < Long.SIZE; bit++) {
            int at = first + bit / Byte.SIZE;
            if ((action.bits() >>> bit & 1) != 0 && at < data.length) {
                flipped[at] ^= (byte) (1 << bit % Byte.SIZE);
            }
        }
        StringBuilder drawn = new StringBuilder();
        for (int i = 0; i < action.random() && data.length > 0; i++) {
            int bit = (int) random.nextBelow((long) data.length * Byte.SIZE);
            flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            drawn.append(", bit ").append(bit);
        }
        what = name() + " word " + action.word() + " bits 0x" + Long.toHexString(action.bits()) + drawn;
        return flipped;
    }

    private String name() {
        return action.field().name().toLowerCase(Locale.ROOT);
    }
}
