// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * Memory-mapped access of the CPU to BARs, by physical address. Each access is a TLP; a read lets time pass until it is answered, and
 * a write goes on its way. What nobody answers reads all ones.
 */
public final class CpuPort implements RegisterFrame {
    /** The requester id of the root complex. */
    static final int ID = 0;

    private static final int TAGS = 256;
    private static final long ALL_ONES = -1;

    private static final class Read {
        private long value = ALL_ONES;
        private boolean ended;
    }

    private final EventLoop loop;
    private final HostBridge bridge;
    private final long timeout;
    private final Int2ObjectHashMap<Read> reads = new Int2ObjectHashMap<>();
    private int nextTag;

    /**
     * A port without reads.
     *
     * @param timeout completion time-out of the root complex, in ps
     */
    CpuPort(EventLoop loop, HostBridge bridge, long timeout) {
        this.loop = loop;
        this.bridge = bridge;
        this.timeout = timeout;
    }

    /**
     * Reads.
     *
     * @param offset physical address
     * @param size 1, 2, 4 or 8 bytes
     * @return the value, zero-extended
     */
    @Override
    public long readRegister(long offset, int size) {
        long mask = size >= Long.BYTES ? ALL_ONES : (1L << Byte.SIZE * size) - 1;
        if (!isLegal(offset, size) || !bridge.hierarchy().isClaimed(offset, size) || reads.size() == TAGS) {
            return mask;
        }
        while (reads.containsKey(nextTag)) {
            nextTag = (nextTag + 1) % TAGS;
        }
        int tag = nextTag;
        nextTag = (nextTag + 1) % TAGS;
        Read read = new Read();
        reads.put(tag, read);
        long timer = loop.schedule(loop.now() + timeout, (time, t) -> read.ended = true, 0);
        bridge.send(request(TlpKind.READ, tag, offset, size, null));
        while (!read.ended && loop.step()) {
            // Time passes until the completion comes.
        }
        loop.cancel(timer);
        reads.remove(tag);
        return read.value & mask;
    }

    /**
     * Writes.
     *
     * @param offset physical address
     * @param size 1, 2, 4 or 8 bytes
     */
    @Override
    public void writeRegister(long offset, int size, long value) {
        if (isLegal(offset, size) && bridge.hierarchy().isClaimed(offset, size)) {
            byte[] data = new byte[size];
            RegisterBytes.put(data, 0, size, value);
            bridge.send(request(TlpKind.WRITE, 0, offset, size, data));
        }
    }

    private static boolean isLegal(long address, int size) {
        return size >= 1 && size <= Long.BYTES && Integer.bitCount(size) == 1 && (address & size - 1) == 0;
    }

    private static Tlp.MemoryRequest request(TlpKind kind, int tag, long address, int size, byte @Nullable [] data) {
        int access = data == null ? Access.READ : Access.WRITE;
        return new Tlp.MemoryRequest(
                kind,
                ID,
                tag,
                Tlp.AddressType.UNTRANSLATED,
                address,
                size,
                Transaction.NO_SUBSTREAM,
                access,
                data,
                null,
                false);
    }

    /** A completion for the root complex has come; returns whether it was waited for. */
    boolean completed(Tlp.Completion c) {
        Read read = reads.get(c.tag());
        if (read == null || read.ended) {
            return false;
        }
        if (c.status() == Tlp.Status.SUCCESS && !c.poisoned()) {
            read.value = RegisterBytes.get(c.data(), 0, Math.min(Long.BYTES, c.data().length));
        }
        read.ended = true;
        return true;
    }
}
