// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.PciDevice;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.pcie.spec.TranslationEntry;
import org.iommuemu.time.EventLoop;

/** A function with ATS at a link whose other end is the test: it sees every TLP and answers by hand. */
final class AtsBench {
    static final int NONE = Transaction.NO_SUBSTREAM;
    static final int ID = 0x100;
    static final long R = TranslationEntry.R.mask();
    static final long W = TranslationEntry.W.mask();

    /** How a transfer ended. */
    static final class Outcome implements DmaChannel.Done {
        Status status;
        int moved;
        int times;

        @Override
        public void ended(Status how, int bytes) {
            status = how;
            moved = bytes;
            times++;
        }
    }

    final EventLoop loop = new EventLoop();
    final TlpLink link = new TlpLink(
            loop, new PcieLink(LinkParameters.of(LinkGeneration.GEN4, 16, 256, 512), 0, 256), FlowControl.INFINITE);
    final PciFunction function;
    final List<Tlp> sent = new ArrayList<>();
    final DmaChannel dma;

    AtsBench(AtcParameters parameters) {
        this(parameters, 0, false, false);
    }

    /**
     * A function with all capabilities.
     *
     * @param unit Smallest Translation Unit
     * @param global Global Invalidate Supported
     * @param responsePasid PRG Response PASID Required
     */
    AtsBench(AtcParameters parameters, int unit, boolean global, boolean responsePasid) {
        this(
                parameters,
                new FunctionDescription(
                        1, 5, true, 32, global, 256, responsePasid, 20, true, true, 64, 50_000_000_000L));
        function.enablePasid(false, false).enableAts(unit);
    }

    private AtsBench(AtcParameters parameters, FunctionDescription description) {
        function = PciDevice.single(loop, link, ID, description);
        dma = new DmaChannel(function, parameters);
        link.connectHost((tlp, buffer) -> {
            sent.add(tlp);
            buffer.drained(loop.now());
        });
        function.enableBusMaster();
    }

    AtsBench() {
        this(AtcParameters.standard());
    }

    /** A function that has none of it. */
    static AtsBench withoutAts() {
        return new AtsBench(
                AtcParameters.standard(),
                FunctionDescription.standard(64, 50_000_000_000L).withoutAts());
    }

    /** With PRI and an allocation. */
    AtsBench withPages(int allocation) {
        function.enablePri(allocation);
        return this;
    }

    Outcome read(long address, int bytes, int pasid) {
        Outcome o = new Outcome();
        dma.read(address, new byte[bytes], pasid, Access.READ, o);
        return settle(o);
    }

    Outcome write(long address, int bytes, int pasid) {
        Outcome o = new Outcome();
        dma.write(address, new byte[bytes], pasid, Access.WRITE, o);
        return settle(o);
    }

    /** Everything that is on the wire arrives; time-outs, which are far away, do not come. */
    <T> T settle(T value) {
        loop.runUntil(loop.now() + 10_000_000L);
        return value;
    }

    void settle() {
        settle(sent);
    }

    /** What was sent of a kind, all told. */
    List<Tlp> sent(TlpKind kind) {
        return sent.stream().filter(t -> t.kind() == kind).toList();
    }

    int count(TlpKind kind) {
        return sent(kind).size();
    }

    Tlp.MemoryRequest request(TlpKind kind, int index) {
        return (Tlp.MemoryRequest) sent(kind).get(index);
    }

    PageRequest page(int index) {
        return ((Tlp.PageRequestMessage) sent(TlpKind.PAGE_REQUEST).get(index)).request();
    }

    /** Answers the Translation Request of an index. */
    void translate(int index, long... entries) {
        byte[] data = new byte[entries.length * 8];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (entries[i / 8] >>> i % 8 * 8);
        }
        Tlp.MemoryRequest r = request(TlpKind.TRANSLATION_REQUEST, index);
        down(new Tlp.Completion(
                TlpKind.TRANSLATION_COMPLETION, ID, r.tag(), Tlp.Status.SUCCESS, data.length, data, false));
    }

    void refuse(int index, Tlp.Status status) {
        Tlp.MemoryRequest r = request(TlpKind.TRANSLATION_REQUEST, index);
        down(new Tlp.Completion(TlpKind.TRANSLATION_COMPLETION, ID, r.tag(), status, r.bytes(), new byte[0], false));
    }

    /** Answers the read of an index. */
    void complete(int index) {
        Tlp.MemoryRequest r = request(TlpKind.READ, index);
        down(new Tlp.Completion(
                TlpKind.COMPLETION, ID, r.tag(), Tlp.Status.SUCCESS, r.bytes(), new byte[r.bytes()], false));
    }

    void invalidate(int itag, int pasid, boolean global, long address, int log2Bytes) {
        down(new Tlp.InvalidateRequest(ID, itag, pasid, global, address, log2Bytes));
    }

    void respond(int group, int pasid, PageResponse.Code code) {
        down(new Tlp.PrgResponse(new PageResponse(ID, pasid, group, code)));
    }

    private void down(Tlp tlp) {
        link.down(tlp);
        settle();
    }

    long counted(Counter c) {
        return dma.statistics().get(c);
    }

    /** A page of 4 KiB at an address. */
    static long page(long address, long bits) {
        return TranslationEntry.encode(address, 12) | bits;
    }
}
