// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.BitField;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/**
 * An NVM Express controller behind a function's first base address register. Whatever the host writes ends in a status, an event or
 * CSTS.CFS.
 */
public final class NvmeController implements RegisterFrame {
    /** Mass storage, non-volatile memory, NVM Express. */
    private static final int CLASS = 0x01_08_02;

    private static final int DEVICE = 1;
    private static final int BASE_SHIFT = 12;
    private static final int DOORBELL_BYTES = 4;
    private static final int MASKED_VECTORS = 32;
    private static final long HALF_SECOND = 500_000_000_000L;
    private static final int VALUE = 0xFFFF;
    private static final int SHUT_DOWN = 2;
    private static final int LEAST_BAR = 1 << 14;

    private final EventLoop loop;
    private final PciFunction function;
    private final DmaChannel channel;
    private final NvmeParameters parameters;
    private final NvmeDisk disk;
    private final RegisterFile registers = new RegisterFile(ControllerRegisters.map());
    private @Nullable Session session;
    private @Nullable Session last;
    private long change = -1;
    private long transitions;

    /** A drive that is switched on and not enabled; puts its registers behind BAR 0. */
    public NvmeController(
            EventLoop loop,
            PciFunction function,
            DmaChannel channel,
            NvmeParameters parameters,
            List<Namespace> namespaces) {
        this.loop = loop;
        this.function = function;
        this.channel = channel;
        this.parameters = parameters;
        disk = new NvmeDisk(namespaces, parameters);
        registers.onWrite(ControllerRegisters.CC, this::configure);
        registers.onWrite(
                ControllerRegisters.INTMS, (old, value) -> mask(registers.get(ControllerRegisters.INTMS) | value));
        registers.onWrite(ControllerRegisters.INTMC, (old, value) -> unmask(value));
        registers.onRead(ControllerRegisters.INTMC, () -> registers.get(ControllerRegisters.INTMS));
        function.identify(IdentifyData.VENDOR, DEVICE, CLASS, 0);
        function.wideBar(0, barBytes(), this);
        function.onReset(this::functionReset);
        resetRegisters();
    }

    private long barBytes() {
        long doorbells = 2L * (parameters.queues() + 1) * (DOORBELL_BYTES << parameters.doorbellStride());
        return Math.max(LEAST_BAR, ControllerRegisters.DOORBELLS + doorbells);
    }

    private void resetRegisters() {
        registers.reset();
        long ready = Math.max(1, (parameters.readyTime() + HALF_SECOND - 1) / HALF_SECOND);
        registers.set(
                ControllerRegisters.CAP,
                ControllerRegisters.MQES.of(parameters.entries() - 1)
                        | ControllerRegisters.CQR.of(1)
                        | ControllerRegisters.TO.of(ready)
                        | ControllerRegisters.DSTRD.of(parameters.doorbellStride())
                        | ControllerRegisters.CAP_CSS.of(1)
                        | ControllerRegisters.MPSMAX.of(parameters.maxPage()));
        registers.set(ControllerRegisters.VS, IdentifyData.VERSION);
    }

    @Override
    public long readRegister(long offset, int size) {
        return registers.read(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        if (offset < ControllerRegisters.DOORBELLS) {
            registers.write(offset, size, value);
        } else if (size == Integer.BYTES && offset % Integer.BYTES == 0) {
            doorbell(offset - ControllerRegisters.DOORBELLS, (int) value & VALUE);
        }
    }

    private void doorbell(long offset, int value) {
        int stride = DOORBELL_BYTES << parameters.doorbellStride();
        long index = offset / stride;
        if (session != null && offset % stride == 0 && index >> 1 <= VALUE) {
            session.ring((index & 1) != 0, (int) (index >> 1), value);
        }
    }

    private void mask(long mask) {
        registers.set(ControllerRegisters.INTMS, mask);
    }

    private void unmask(long bits) {
        long masked = registers.get(ControllerRegisters.INTMS);
        mask(masked & ~bits);
        for (int v = 0; v < MASKED_VECTORS; v++) {
            if ((masked & bits & 1L << v) != 0 && session != null && session.isUnread(v)) {
                function.interrupt(v);
            }
        }
    }

    private void interrupt(int vector) {
        boolean masked = vector < MASKED_VECTORS && (registers.get(ControllerRegisters.INTMS) & 1L << vector) != 0;
        if (!masked) {
            function.interrupt(vector);
        }
    }

    private long cc() {
        return registers.get(ControllerRegisters.CC);
    }

    private void status(BitField field, long value) {
        registers.set(ControllerRegisters.CSTS, field.set(registers.get(ControllerRegisters.CSTS), value));
    }

    private void configure(long old, long requested) {
        registers.set(ControllerRegisters.CC, requested);
        boolean was = ControllerRegisters.EN.isSet(old);
        boolean is = ControllerRegisters.EN.isSet(requested);
        if (is && !was) {
            after(parameters.readyTime(), () -> onceIdle(this::enable));
        } else if (!is && was) {
            disable();
        }
        if (ControllerRegisters.SHN.isSet(requested) && !ControllerRegisters.SHN.isSet(old)) {
            shutDown();
        }
    }

    /** What is to come if nothing comes between. */
    private void after(long delay, Runnable then) {
        loop.cancel(change);
        long number = ++transitions;
        change = loop.schedule(
                loop.now() + delay,
                (now, data) -> {
                    if (number == transitions) {
                        then.run();
                    }
                },
                0);
    }

    private void enable() {
        registers.set(ControllerRegisters.CSTS, 0);
        long cc = cc();
        long aqa = registers.get(ControllerRegisters.AQA);
        int page = ControllerRegisters.MPS.getInt(cc);
        long base = (1L << BASE_SHIFT + page) - 1;
        long asq = registers.get(ControllerRegisters.ASQ);
        long acq = registers.get(ControllerRegisters.ACQ);
        boolean good = page <= parameters.maxPage()
                && !ControllerRegisters.CSS.isSet(cc)
                && !ControllerRegisters.AMS.isSet(cc)
                && ControllerRegisters.ASQS.isSet(aqa)
                && ControllerRegisters.ACQS.isSet(aqa)
                && ((asq | acq) & base) == 0;
        if (!good) {
            fail();
            return;
        }
        session = new Session(
                loop,
                channel,
                parameters,
                disk,
                new AdminSetup(
                        1 << BASE_SHIFT + page,
                        asq,
                        ControllerRegisters.ASQS.getInt(aqa) + 1,
                        acq,
                        ControllerRegisters.ACQS.getInt(aqa) + 1,
                        () -> (int) cc()),
                this::interrupt,
                this::fail);
        status(ControllerRegisters.RDY, 1);
    }

    /** Nothing can go on until the host resets the controller. */
    private void fail() {
        status(ControllerRegisters.CFS, 1);
        if (session != null) {
            session.stop();
        }
    }

    /** Controller reset: CSTS.RDY falls once no transfer is under way, so that the host may take its memory back. */
    private void disable() {
        if (session != null) {
            session.stop();
            last = session;
            session = null;
        }
        loop.cancel(change);
        transitions++;
        onceIdle(this::disabled);
    }

    /** When nothing of the last session is under way any more, if nothing else comes between. */
    private void onceIdle(Runnable then) {
        if (last == null) {
            then.run();
            return;
        }
        long number = transitions;
        last.memory().whenIdle(() -> {
            if (number == transitions) {
                then.run();
            }
        });
    }

    private void disabled() {
        registers.set(ControllerRegisters.CSTS, 0);
        registers.set(ControllerRegisters.INTMS, 0);
    }

    private void shutDown() {
        status(ControllerRegisters.SHST, 1);
        if (session != null) {
            session.pause();
        }
        after(parameters.readyTime(), () -> status(ControllerRegisters.SHST, SHUT_DOWN));
    }

    private void functionReset() {
        loop.cancel(change);
        transitions++;
        if (session != null) {
            session.stop();
        }
        session = null;
        last = null;
        resetRegisters();
    }

    /** The medium's units and channel, for reports. */
    public List<Resource> resources() {
        return disk.medium().resources();
    }
}
