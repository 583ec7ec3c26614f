// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpReceiver;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** Functions that send page request groups by themselves and count what comes for each; links lose some, queues overflow. */
final class PageRequestWorld implements AutoCloseable {
    static final int FUNCTIONS = 3;
    static final int PASIDS = 3;
    static final int GROUPS = 512;
    private static final long PAGE = 4096;
    private static final int REQUESTER = 0x100;

    /** A group that is, or was, outstanding: how often it was answered, and how often it is to be. */
    private static final class Group {
        private int expected;
        private int answers;
    }

    private final Platform machine;
    private final IommuDriver driver;
    private final List<PciFunction> functions = new ArrayList<>();
    /** By function and group index. */
    private final Map<Integer, Group> groups = new TreeMap<>();

    private final boolean repeats;
    private int loseRequests;
    private int loseResponses;
    private boolean loseInterrupt;
    private int answers;
    private boolean losesUnseen;
    private int taken;

    /** @param repeats whether every seventh response comes twice */
    PageRequestWorld(Setting setting, boolean repeats) {
        this.repeats = repeats;
        machine = setting.machine();
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.onPageRequest(this::handle, Picoseconds.ofNanoseconds(2_000));
        machine.wires(line -> {
            boolean arrives = !loseInterrupt;
            loseInterrupt = false;
            return arrives;
        });
        for (int f = 0; f < FUNCTIONS; f++) {
            PciFunction function = machine.addFunction(REQUESTER + f);
            functions.add(function);
            function.link().connectDevice((tlp, buffer) -> receive(function, tlp, buffer));
            function.link().tap(this::carry);
            for (int p = 0; p < PASIDS; p++) {
                driver.bind(REQUESTER + f, pasid(p));
            }
            driver.enableAts(REQUESTER + f);
            driver.enablePageRequests(REQUESTER + f);
        }
    }

    private static int pasid(int number) {
        return number == 0 ? Transaction.NO_SUBSTREAM : number;
    }

    private PageResponse.Code handle(List<PageRequest> group) {
        return group.get(0).address() % (2 * PAGE) == 0 ? PageResponse.Code.SUCCESS : PageResponse.Code.INVALID;
    }

    private void carry(Tlp tlp, boolean up, long arrival, LinkTap.Delivery wire) {
        if (tlp instanceof Tlp.PageRequestMessage m && loseRequests > 0) {
            loseRequests--;
            if (m.request().last() && !m.request().isStopMarker()) {
                group(m.request().streamId(), m.request().group()).expected--;
            }
        } else if (tlp instanceof Tlp.PrgResponse p && loseResponses > 0) {
            loseResponses--;
            group(p.response().streamId(), p.response().group()).expected--;
        } else if (!(losesUnseen && tlp instanceof Tlp.PageRequestMessage && ++taken % 7 == 0)) {
            wire.deliver(tlp, arrival);
            if (tlp instanceof Tlp.PrgResponse && repeats && ++answers % 7 == 0) {
                wire.deliver(tlp, arrival);
            }
        }
    }

    private Group group(int requester, int index) {
        return groups.computeIfAbsent((requester - REQUESTER) * GROUPS + index, k -> new Group());
    }

    private void receive(PciFunction function, Tlp tlp, TlpReceiver.Buffer buffer) {
        buffer.drained(0);
        if (tlp instanceof Tlp.InvalidateRequest r) {
            function.link().up(new Tlp.InvalidateCompletion(function.id(), 1 << r.itag(), 1));
        } else if (tlp instanceof Tlp.PrgResponse p) {
            Group g = group(function.id(), p.response().group());
            if (++g.answers > g.expected) {
                throw new Violation(
                        Invariant.ONE_RESPONSE,
                        p + " came, where " + g.expected + " were expected for all groups of that index");
            }
        }
    }

    /** A function asks for pages, by an index that it does not use at the moment. */
    void request(int function, int pasid, int index, int pages) {
        Group g = group(REQUESTER + function, index);
        if (g.answers < g.expected) {
            return;
        }
        g.expected++;
        for (int i = 0; i < pages; i++) {
            message(function, pasid, index, (index + i) * PAGE, true, i == pages - 1);
        }
    }

    private void message(int function, int pasid, int index, long address, boolean read, boolean last) {
        functions
                .get(function)
                .link()
                .up(new Tlp.PageRequestMessage(new PageRequest(
                        REQUESTER + function, pasid(pasid), address, read, false, false, false, last, index)));
    }

    /** A Stop Marker, which gets no answer. */
    void marker(int function, int pasid) {
        if (pasid != 0) {
            message(function, pasid, 0, 0, false, true);
        }
    }

    /** Every seventh request is lost as if by the IOMMU: nobody knows. */
    void loseUnseen() {
        losesUnseen = true;
    }

    void loseRequest() {
        loseRequests++;
    }

    void loseResponse() {
        loseResponses++;
    }

    void loseInterrupt() {
        loseInterrupt = true;
    }

    void unbind(int function, int pasid) {
        if (pasid != 0) {
            driver.unbind(REQUESTER + function, pasid);
        }
    }

    void takePageRequests() {
        driver.takePageRequests();
    }

    void pass(int nanoseconds) {
        machine.loop().runUntil(machine.loop().now() + Picoseconds.ofNanoseconds(nanoseconds));
    }

    /** Lets everything be answered, and checks that it is. */
    void finish() {
        machine.loop().run();
        driver.takePageRequests();
        machine.loop().run();
        groups.forEach((index, g) -> {
            if (g.answers != g.expected) {
                throw new Violation(
                        Invariant.ONE_RESPONSE,
                        String.format(
                                "groups %d of function %d got %d responses, expected %d",
                                index % GROUPS, index / GROUPS, g.answers, g.expected));
            }
        });
    }

    Platform machine() {
        return machine;
    }

    @Override
    public void close() {
        machine.close();
    }
}
