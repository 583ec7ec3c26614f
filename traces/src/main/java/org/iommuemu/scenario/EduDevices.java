// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.edu.EduDevice;
import org.iommuemu.device.edu.EduParameters;
import org.iommuemu.device.edu.spec.EduRegisters;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.HostBridge;
import org.iommuemu.pcie.InterruptSpace;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.PciDevice;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.pcie.StreamMap;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The DMAs of a scenario by edu devices, one for each requester, on links in front of the scenario's IOMMU: programmed through their
 * registers, and then waited for. Each request carries up to a page, so that there is one event where a DMA engine has one.
 */
final class EduDevices {
    private static final String SAME = "";
    private static final int PAGE = PhysicalMemory.PAGE_BYTES;
    private static final int REQUESTER_IDS = 1 << 16;

    private record Edu(EduDevice device, RegisterFrame registers) {}

    private final PlatformParameters parameters = PlatformParameters.standard();
    private final EventLoop loop = new EventLoop();
    private final HostBridge bridge;
    private final DeviceTally tally;
    private final boolean waits;
    private final Map<Integer, Edu> devices = new TreeMap<>();

    EduDevices(Iommu iommu, TimedTranslation timed, PhysicalMemory memory, Scenario scenario, DeviceTally tally) {
        this.tally = tally;
        waits = scenario.steps().stream().anyMatch(EduDevices::waits);
        bridge = new HostBridge(
                loop,
                iommu,
                timed,
                memory,
                new DataMemory(parameters.memoryLatency(), parameters.memoryRate()),
                new RootComplex(parameters.rootComplex(), null),
                StreamMap.IDENTITY,
                InterruptSpace.NONE,
                parameters.invalidationTimeout(),
                parameters.completionTimeout());
    }

    private static boolean waits(Step step) {
        return step instanceof Step.Dma s && (s.id() != null || s.expected() == DmaStatus.STALL);
    }

    private Edu add(int requester) {
        PcieLink times = new PcieLink(
                LinkParameters.of(LinkGeneration.GEN4, 1, PAGE, PAGE),
                parameters.propagation(),
                parameters.completionBytes());
        TlpLink link = new TlpLink(loop, times, parameters.credits());
        PciFunction function = PciDevice.single(
                loop, link, requester, FunctionDescription.standard(parameters.tags(), parameters.completionTimeout()));
        bridge.attach(function);
        function.enableBusMaster();
        EduParameters wide = EduParameters.standard().withDmaMask(-1);
        EduDevice device = new EduDevice(loop, function, new DmaChannel(function), wide);
        return new Edu(device, Objects.requireNonNull(function.frame(0)));
    }

    /** Whether an edu device can carry this out; counts those that none can. */
    boolean takes(Step.Dma s) {
        String reason = obstacle(s);
        if (reason != null) {
            tally.passedOver(reason);
        }
        return reason == null;
    }

    private @Nullable String obstacle(Step.Dma s) {
        if (waits) {
            return "in a scenario with stalls, which edu devices would wait for";
        } else if (s.substream() != Transaction.NO_SUBSTREAM) {
            return "with a PASID, which edu devices have not";
        } else if (s.translated() || (s.access() & ~(Access.READ | Access.WRITE)) != 0) {
            return "translated, privileged or of instructions, which edu devices cannot ask for";
        } else if (s.length() > EduRegisters.BUFFER_BYTES) {
            return "longer than the buffer of edu devices";
        } else if (s.expected() == DmaStatus.ABORT && s.write() && crossesPages(s)) {
            return "a write over several pages that is refused, which edu devices are not told";
        } else if (s.requester() < 0 || s.requester() >= REQUESTER_IDS) {
            return "of a StreamID that is no requester id";
        }
        return null;
    }

    private static boolean crossesPages(Step.Dma s) {
        return (s.iova() & PAGE - 1) + s.length() > PAGE;
    }

    /** Carries out a DMA; returns how it differs from what is expected, or nothing. */
    String issue(Step.Dma s) {
        Edu edu = devices.computeIfAbsent(s.requester(), this::add);
        EduDevice device = edu.device;
        if (s.write() && s.data() != null) {
            device.load(s.data());
        }
        long refused = bridge.refused() + bridge.unanswered();
        long buffer = EduRegisters.BUFFER_BASE;
        write(edu, EduRegisters.DMA_SOURCE.offset(), s.write() ? buffer : s.iova());
        write(edu, EduRegisters.DMA_DESTINATION.offset(), s.write() ? s.iova() : buffer);
        write(edu, EduRegisters.DMA_COUNT.offset(), s.length());
        write(
                edu,
                EduRegisters.DMA_COMMAND.offset(),
                EduRegisters.START.of(1) | EduRegisters.DIRECTION.of(s.write() ? 1 : 0));
        loop.run();
        tally.carriedOut();
        boolean well = device.lastStatus() == DmaChannel.Status.OK && bridge.refused() + bridge.unanswered() == refused;
        DmaStatus found = bridge.held() > 0 ? DmaStatus.STALL : well ? DmaStatus.OK : DmaStatus.ABORT;
        String what = "dma at 0x" + Long.toHexString(s.iova());
        if (found != s.expected()) {
            return what + " of an edu device ended as " + found.text() + ", expected "
                    + s.expected().text();
        }
        byte[] bytes = device.buffer(s.length());
        boolean comparable = found == DmaStatus.OK && !s.write() && s.data() != null;
        return comparable && !Arrays.equals(bytes, s.data()) ? what + " read " + hex(bytes) : SAME;
    }

    private static void write(Edu edu, int offset, long value) {
        edu.registers.writeRegister(offset, Long.BYTES, value);
    }

    /** A request that the IOMMU held back goes on. */
    void resumed(long ticket, Transaction transaction, Verdict verdict) {
        bridge.resumed(ticket, transaction, verdict);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
