// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** What travels on a link between a device and a root complex: its direction, how it is flow-controlled, and its header. */
public enum TlpKind {
    /** Memory Write, also of a translated address (AT=10). */
    WRITE("writes", Direction.UP, Flow.POSTED, Header.REQUEST),
    /** Memory Read, also of a translated address (AT=10). */
    READ("read requests", Direction.UP, Flow.NON_POSTED, Header.REQUEST),
    /** AtomicOp, which carries its operands. */
    ATOMIC("atomics", Direction.UP, Flow.NON_POSTED, Header.REQUEST),
    /** MSI or MSI-X: a Memory Write of 4 bytes. */
    INTERRUPT("MSIs", Direction.UP, Flow.POSTED, Header.REQUEST),
    /** ATS Translation Request: a Memory Read with AT=01. */
    TRANSLATION_REQUEST("translation requests", Direction.UP, Flow.NON_POSTED, Header.REQUEST),
    /** ATS Invalidate Completion, a message without data. */
    INVALIDATE_COMPLETION("invalidate completions", Direction.UP, Flow.POSTED, Header.MESSAGE),
    /** Page Request, a message without data. */
    PAGE_REQUEST("page requests", Direction.UP, Flow.POSTED, Header.MESSAGE),
    /** Completion of a read or an AtomicOp. */
    COMPLETION("completions", Direction.DOWN, Flow.COMPLETION, Header.COMPLETION),
    /** ATS Translation Completion: a completion with 8 bytes for each translation. */
    TRANSLATION_COMPLETION("translation completions", Direction.DOWN, Flow.COMPLETION, Header.COMPLETION),
    /** ATS Invalidate Request, a message with 8 bytes. */
    INVALIDATE_REQUEST("invalidate requests", Direction.DOWN, Flow.POSTED, Header.MESSAGE),
    /** PRG Response, a message without data. */
    PRG_RESPONSE("PRG responses", Direction.DOWN, Flow.POSTED, Header.MESSAGE);

    /** Bytes of data in an MSI. */
    public static final int INTERRUPT_DATA = 4;
    /** Bytes of data in the largest AtomicOp: two operands of a CAS. */
    public static final int ATOMIC_DATA = 32;
    /** Bytes of data in an Invalidate Request, and in a Translation Completion for each translation. */
    public static final int ATS_DATA = 8;

    /** Which way it goes. */
    enum Direction {
        /** From the device. */
        UP,
        /** To the device. */
        DOWN
    }

    /** Which credits it takes. */
    public enum Flow {
        /** Posted. */
        POSTED,
        /** Non-posted. */
        NON_POSTED,
        /** Completion. */
        COMPLETION
    }

    /** What its header is like. */
    enum Header {
        /** Three or four DW by the width of addresses. */
        REQUEST,
        /** Three DW. */
        COMPLETION,
        /** Four DW. */
        MESSAGE
    }

    private final String text;
    private final Direction direction;
    private final Flow flow;
    private final Header header;

    TlpKind(String text, Direction direction, Flow flow, Header header) {
        this.text = text;
        this.direction = direction;
        this.flow = flow;
        this.header = header;
    }

    /** What reports call those of this kind. */
    public String text() {
        return text;
    }

    Direction direction() {
        return direction;
    }

    /** Which credits it takes. */
    public Flow flow() {
        return flow;
    }

    Header header() {
        return header;
    }
}
