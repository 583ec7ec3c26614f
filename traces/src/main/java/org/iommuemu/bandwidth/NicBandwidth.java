// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.function.LongSupplier;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.device.nic.Nic;
import org.iommuemu.device.nic.NicCounter;
import org.iommuemu.device.nic.NicDriver;
import org.iommuemu.device.nic.NicParameters;
import org.iommuemu.device.nic.PacketSizes;
import org.iommuemu.device.nic.RandomPackets;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.platform.PlatformParameters;

/**
 * A network card that receives, or sends, packets as fast as it can, behind an IOMMU that is off or on. Rings and buffers are mapped once,
 * before it begins; software gives buffers back when an interrupt tells it to.
 */
public final class NicBandwidth {
    private static final int FLOWS = 1024;
    private static final int BUFFER = 2048;
    private static final int MODERATION_NANOSECONDS = 4096;
    private static final int MODERATION_COUNT = 32;

    private final PlatformParameters parameters;
    private final AtcParameters atc;
    private final boolean vtd;
    private final StageLayout stages;

    /**
     * An experiment.
     *
     * @param atc of the card, where it asks for translations
     * @param vtd whether the IOMMU is a VT-d unit, instead of an SMMUv3
     * @param stages which stages translate
     */
    public NicBandwidth(PlatformParameters parameters, AtcParameters atc, boolean vtd, StageLayout stages) {
        this.parameters = parameters;
        this.atc = atc;
        this.vtd = vtd;
        this.stages = stages;
    }

    /**
     * Runs it.
     *
     * @throws IllegalStateException if the card gets stuck
     */
    public DeviceFigures run(NicLoad load, Translation translation) {
        try (MachineRun run = new MachineRun(parameters, atc, vtd, stages, translation)) {
            Nic nic = new Nic(run.machine().loop(), run.function(), run.channel(), NicParameters.of(load.gigabits()));
            NicDriver.Setup setup = new NicDriver.Setup(
                    load.queues(),
                    load.ring(),
                    BUFFER,
                    run.iova(),
                    MachineRun.PHYSICAL,
                    Transaction.NO_SUBSTREAM,
                    MODERATION_NANOSECONDS,
                    MODERATION_COUNT);
            run.map(setup.regionBytes(), load.pageShift());
            long doorbell = run.doorbell();
            for (int q = 0; q < load.queues(); q++) {
                run.function().vector(q, doorbell, q);
            }
            return measure(
                    run, nic, new NicDriver(nic, run.machine().memory(), setup, NicDriver.Receiver.NOBODY), load);
        }
    }

    private static DeviceFigures measure(MachineRun run, Nic nic, NicDriver driver, NicLoad load) {
        byte[] packet = new byte[load.packet()];
        run.machine().onInterrupt((requester, address, queue) -> {
            if (load.send()) {
                fill(driver, queue, packet);
            } else {
                driver.poll(queue);
            }
        });
        driver.start(false);
        if (load.send()) {
            for (int q = 0; q < load.queues(); q++) {
                fill(driver, q, packet);
            }
        } else {
            nic.connect(new RandomPackets(FLOWS, PacketSizes.fixed(load.packet()), 0, false, -1, load.seed()));
        }
        LongSupplier packets = () -> nic.statistics().of(load.send() ? NicCounter.SENT : NicCounter.RECEIVED);
        NicCounter bytes = load.send() ? NicCounter.SENT_BYTES : NicCounter.RECEIVED_BYTES;
        boolean flows = run.until(packets, load.packets() / 4);
        run.begin();
        long firstPacket = packets.getAsLong();
        long firstByte = nic.statistics().of(bytes);
        if (!flows || !run.until(packets, firstPacket + load.packets())) {
            throw new IllegalStateException("the card has stopped after " + packets.getAsLong() + " packets");
        }
        double line = NicParameters.of(load.gigabits()).line().timeOf(load.packet() + NicParameters.AROUND);
        return run.figures(
                new MachineRun.Device(
                        load.send() ? "nic send" : "nic receive", "packets", Mapping.ONCE, null, line, -1),
                packets.getAsLong() - firstPacket,
                nic.statistics().of(bytes) - firstByte,
                dropped(nic));
    }

    private static void fill(NicDriver driver, int queue, byte[] packet) {
        boolean room = true;
        while (room) {
            room = driver.send(queue, packet);
        }
    }

    private static long dropped(Nic nic) {
        return nic.statistics().of(NicCounter.NO_DESCRIPTORS)
                + nic.statistics().of(NicCounter.OVERRUN)
                + nic.statistics().of(NicCounter.LENGTH)
                + nic.statistics().of(NicCounter.OFF);
    }
}
