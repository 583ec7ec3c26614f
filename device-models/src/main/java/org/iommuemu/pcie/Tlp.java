// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.jspecify.annotations.Nullable;

/**
 * A transaction layer packet, as far as an IOMMU or a device can tell one from another. Functions are named by their 16-bit requester
 * ids, also inside of messages; arrays are not to be changed once they have been sent.
 */
public sealed interface Tlp {
    /** What travels. */
    TlpKind kind();

    /** Bytes of payload on the wire. */
    int dataBytes();

    /** Whether a PASID TLP prefix is before it. */
    boolean hasPasid();

    /** AT, the address type of a memory request (PCIe Base Specification §10.2.1). */
    enum AddressType {
        /** 00: to be translated on the way. */
        UNTRANSLATED,
        /** 01: a Translation Request. */
        TRANSLATION_REQUEST,
        /** 10: what a Translation Request gave. */
        TRANSLATED
    }

    /** What an AtomicOp does with memory; the old value is its answer. */
    enum AtomicOp {
        /** Adds one operand. */
        FETCH_ADD,
        /** Puts one operand in its place. */
        SWAP,
        /** Puts the second operand in its place if it equals the first. */
        COMPARE_AND_SWAP
    }

    /** Completion Status. */
    enum Status {
        /** 000. */
        SUCCESS,
        /** 001: Unsupported Request. */
        UR,
        /** 100: Completer Abort. */
        CA
    }

    /**
     * A memory read, write or AtomicOp, a Translation Request, or an MSI. None crosses a 4 KiB page.
     *
     * @param requester who asks
     * @param tag by which its completions are known; of no meaning where there are none
     * @param type AT
     * @param address of the first byte
     * @param bytes how many are asked for or sent; of a Translation Request 8 for each translation
     * @param pasid of the prefix, or {@link Transaction#NO_SUBSTREAM}
     * @param access what it does, with ER and PMR of the prefix, see {@link org.iommuemu.iommu.Access}; a Translation Request is a read if NW is set
     * @param data of a write; of an AtomicOp its operands
     * @param atomic which AtomicOp, if it is one
     * @param poisoned EP: the data are known to be bad
     */
    record MemoryRequest(
            TlpKind kind,
            int requester,
            int tag,
            AddressType type,
            long address,
            int bytes,
            int pasid,
            int access,
            byte @Nullable [] data,
            @Nullable AtomicOp atomic,
            boolean poisoned)
            implements Tlp {
        @Override
        public int dataBytes() {
            return data == null ? 0 : data.length;
        }

        @Override
        public boolean hasPasid() {
            return pasid != Transaction.NO_SUBSTREAM;
        }
    }

    /**
     * A completion, or one of several, of a memory request.
     *
     * @param kind {@link TlpKind#COMPLETION} or {@link TlpKind#TRANSLATION_COMPLETION}
     * @param requester whom it is for
     * @param tag of the request
     * @param status whether there are data
     * @param byteCount how many bytes are still to come, with its own
     * @param data its own; of a Translation Completion translations, see {@link org.iommuemu.pcie.spec.TranslationEntry}, 8 bytes each, little-endian
     * @param poisoned EP
     */
    record Completion(TlpKind kind, int requester, int tag, Status status, int byteCount, byte[] data, boolean poisoned)
            implements Tlp {
        @Override
        public int dataBytes() {
            return data.length;
        }

        @Override
        public boolean hasPasid() {
            return false;
        }
    }

    /**
     * An ATS Invalidate Request (PCIe Base Specification §10.3.1).
     *
     * @param target whose ATC
     * @param itag 0 to 31
     * @param pasid of the prefix, or {@link Transaction#NO_SUBSTREAM}
     * @param global Global Invalidate
     * @param address first byte of the range
     * @param log2Bytes log2 of its bytes, 12 to 64
     */
    record InvalidateRequest(int target, int itag, int pasid, boolean global, long address, int log2Bytes)
            implements Tlp {
        @Override
        public TlpKind kind() {
            return TlpKind.INVALIDATE_REQUEST;
        }

        @Override
        public int dataBytes() {
            return TlpKind.ATS_DATA;
        }

        @Override
        public boolean hasPasid() {
            return pasid != Transaction.NO_SUBSTREAM;
        }
    }

    /**
     * An ATS Invalidate Completion (PCIe Base Specification §10.3.2).
     *
     * @param source whose ATC
     * @param itags a bit for each ITag that it is for
     * @param count CC: how many such messages make one completion, 1 to 8
     */
    record InvalidateCompletion(int source, int itags, int count) implements Tlp {
        @Override
        public TlpKind kind() {
            return TlpKind.INVALIDATE_COMPLETION;
        }

        @Override
        public int dataBytes() {
            return 0;
        }

        @Override
        public boolean hasPasid() {
            return false;
        }
    }

    /** A Page Request; its stream id is a requester id here (PCIe Base Specification §10.4.1). */
    record PageRequestMessage(PageRequest request) implements Tlp {
        @Override
        public TlpKind kind() {
            return TlpKind.PAGE_REQUEST;
        }

        @Override
        public int dataBytes() {
            return 0;
        }

        @Override
        public boolean hasPasid() {
            return request.hasSubstream();
        }
    }

    /** A PRG Response; its stream id is a requester id here (PCIe Base Specification §10.4.2). */
    record PrgResponse(PageResponse response) implements Tlp {
        @Override
        public TlpKind kind() {
            return TlpKind.PRG_RESPONSE;
        }

        @Override
        public int dataBytes() {
            return 0;
        }

        @Override
        public boolean hasPasid() {
            return response.substreamId() != Transaction.NO_SUBSTREAM;
        }
    }
}
