// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.FrameAllocator;
import org.iommuemu.host.process.ProcessTable;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.PciFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One bind of a process to two devices, followed through the hardware: what software sends, what devices ask for, where data go. */
class FollowedBindTest {
    private static final long AT = 0x20_0000;

    private final List<String> sent = new ArrayList<>();
    private Platform machine;
    private ControlCore core;
    private ProcessTable processes;

    private void build(String architecture) {
        PlatformParameters p = PlatformParameters.standard();
        machine = architecture.equals("smmuv3") ? Platform.smmuv3(p) : Platform.vtd(p);
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        core = new ControlCore(driver);
        processes = new ProcessTable(driver::newPageTables, machine.memory(), new FrameAllocator(), FailurePlan.NONE);
        if (machine.smmu() != null) {
            machine.smmu().observeSoftware(null, (command, word0, word1) -> sent.add(command.name()));
        } else {
            Objects.requireNonNull(machine.vtd())
                    .observeSoftware(null, (descriptor, word0, word1) -> sent.add(descriptor.name()));
        }
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** What was sent since, without what says when the rest is done. */
    private List<String> sent() {
        List<String> since = new ArrayList<>(sent);
        since.removeIf(s -> s.equals("SYNC") || s.equals("WAIT"));
        sent.clear();
        return since;
    }

    private Status write(DmaChannel dma, int pasid, long address) {
        Status[] ended = new Status[1];
        dma.write(address, new byte[] {1, 2, 3, 4}, pasid, Access.WRITE, (s, n) -> ended[0] = s);
        machine.await(() -> ended[0] != null, machine.loop().now() + 1_000_000_000_000L);
        machine.loop().runUntil(machine.loop().now() + 10_000_000);
        return ended[0];
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldDoInHardwareWhatEachStepSays(String architecture) {
        build(architecture);
        boolean smmu = architecture.equals("smmuv3");
        PciFunction a = machine.addFunction(0x10).enableBusMaster();
        PciFunction b = machine.addFunction(0x18).enableBusMaster();
        DmaChannel dma = new DmaChannel(a, AtcParameters.standard());
        HostDevice first = machine.hostDevice(a, new IommuGroup(1));
        HostDevice second = machine.hostDevice(b, new IommuGroup(2));
        AddressSpace mm =
                Objects.requireNonNull(processes.start(Credentials.user(1000)).addressSpace());
        mm.map(AT, 0x4000, IommuDriver.READ | IommuDriver.WRITE).value();
        core.probe(first);
        core.probe(second);
        sent();

        // 2: capabilities in the device, and what the IOMMU lets it do.
        assertThat(core.enableSva(first).isOk()).isTrue();
        assertThat(a.controls().isPasid()
                        && a.controls().isAts()
                        && a.controls().isPri())
                .isTrue();
        assertThat(a.controls().pageRequestAllocation())
                .isEqualTo(a.controls().pageRequests().capacity());
        if (smmu) {
            // The stream is refused until something is attached: its entry stays as it is.
            assertThat(sent()).isEmpty();
        } else {
            assertThat(sent()).contains("CONTEXT_CACHE");
        }

        // 3, 4, 5: one PASID, one domain, on both devices.
        int pasid = core.shared().pasid(mm, core.pasidEnd(first)).value();
        Domain domain = core.shared().acquire(mm).value();
        assertThat(core.attach(first, pasid, domain).isOk()).isTrue();
        if (smmu) {
            assertThat(sent()).contains("CFGI_CD", "CFGI_STE");
        } else {
            assertThat(sent()).isEmpty();
        }
        assertThat(core.enableSva(second).isOk()).isTrue();
        assertThat(core.attach(second, pasid, domain).isOk()).isTrue();
        sent();

        // 7: the device asks, is told that there is nothing, asks for the page, asks again, writes.
        assertThat(mm.tables().physical(AT)).isEqualTo(-1);
        assertThat(write(dma, pasid, AT)).isEqualTo(Status.OK);
        assertThat(dma.statistics().get(Counter.REQUESTS)).isEqualTo(2);
        assertThat(dma.statistics().get(Counter.PAGE_REQUESTS)).isEqualTo(1);
        assertThat(dma.statistics().get(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
        assertThat(sent()).containsExactly(smmu ? "PRI_RESP" : "PAGE_GROUP_RESPONSE");
        assertThat(machine.memory().readInt(mm.tables().physical(AT))).isEqualTo(0x0403_0201);
        assertThat(write(dma, pasid, AT + 8)).isEqualTo(Status.OK);
        assertThat(dma.statistics().get(Counter.REQUESTS)).isEqualTo(2);

        // 8: entries, TLBs, ATCs, page requests.
        core.detach(first, pasid);
        assertThat(sent())
                .contains(smmu ? "CFGI_CD" : "PASID_CACHE", smmu ? "TLBI_NH_ASID" : "PASID_IOTLB")
                .contains(smmu ? "ATC_INV" : "PASID_DEVICE_TLB");
        assertThat(dma.statistics().get(Counter.INVALIDATE_COMPLETIONS)).isPositive();
        long at = mm.tables().physical(AT);
        machine.memory().writeInt(at, 7);
        write(dma, pasid, AT);
        assertThat(machine.memory().readInt(at))
                .as("nobody tells of posted writes")
                .isEqualTo(7);
        core.detach(second, pasid);
        core.shared().release(domain);
        core.disableSva(first);
        core.disableSva(second);
        assertThat(a.controls().isPasid()
                        || a.controls().isAts()
                        || a.controls().isPri())
                .isFalse();
        assertThat(a.controls().pageRequests().isStopped()).isTrue();
        assertThat(core.driver().domainsInUse()).isZero();
    }
}
