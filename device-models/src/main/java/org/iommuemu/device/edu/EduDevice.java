// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.edu;

import static org.iommuemu.device.edu.spec.EduRegisters.BUFFER_BASE;
import static org.iommuemu.device.edu.spec.EduRegisters.BUFFER_BYTES;
import static org.iommuemu.device.edu.spec.EduRegisters.COMPUTING;
import static org.iommuemu.device.edu.spec.EduRegisters.DIRECTION;
import static org.iommuemu.device.edu.spec.EduRegisters.DMA_COMMAND;
import static org.iommuemu.device.edu.spec.EduRegisters.DMA_COUNT;
import static org.iommuemu.device.edu.spec.EduRegisters.DMA_DESTINATION;
import static org.iommuemu.device.edu.spec.EduRegisters.DMA_INTERRUPT;
import static org.iommuemu.device.edu.spec.EduRegisters.DMA_SOURCE;
import static org.iommuemu.device.edu.spec.EduRegisters.FACTORIAL;
import static org.iommuemu.device.edu.spec.EduRegisters.FACTORIAL_INTERRUPT;
import static org.iommuemu.device.edu.spec.EduRegisters.INTERRUPT_ACKNOWLEDGE;
import static org.iommuemu.device.edu.spec.EduRegisters.INTERRUPT_RAISE;
import static org.iommuemu.device.edu.spec.EduRegisters.INTERRUPT_STATUS;
import static org.iommuemu.device.edu.spec.EduRegisters.LIVENESS;
import static org.iommuemu.device.edu.spec.EduRegisters.START;
import static org.iommuemu.device.edu.spec.EduRegisters.STATUS;

import java.util.Arrays;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.Register;
import org.iommuemu.device.edu.spec.EduRegisters;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;

/**
 * An edu device (QEMU documentation, EDU device): registers behind base address register 0, a buffer that only its DMA reaches, and
 * one message-signalled interrupt.
 *
 * <p>It has no register that says how a DMA ended. Bytes that could not be read are zero in its buffer. A DMA that leaves the buffer,
 * on which QEMU gives up, moves nothing and ends like any other, and is counted.
 */
public final class EduDevice {
    /** From here on a factorial is a multiple of 2^32. */
    private static final long VANISHING = 34;

    private static final int NO_TIMER = -1;

    private final EventLoop loop;
    private final PciFunction function;
    private final DmaChannel dma;
    private final EduParameters parameters;
    private final RegisterFile registers = new RegisterFile(EduRegisters.ALL);
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private long dmaTimer = NO_TIMER;
    private long factorialTimer = NO_TIMER;
    private DmaChannel.Status last = DmaChannel.Status.OK;
    private int resets;
    private long transfers;
    private long outOfRange;
    private long masked;

    /** A device in reset state, which puts its registers behind a function's base address register 0. */
    public EduDevice(EventLoop loop, PciFunction function, DmaChannel dma, EduParameters parameters) {
        this.loop = loop;
        this.function = function;
        this.dma = dma;
        this.parameters = parameters;
        registers.onWrite(LIVENESS, (old, value) -> registers.set(LIVENESS, ~value & 0xFFFF_FFFFL));
        registers.onWrite(FACTORIAL, (old, value) -> compute(value));
        registers.guard(FACTORIAL, () -> !COMPUTING.isSet(registers.get(STATUS)));
        registers.onWrite(INTERRUPT_RAISE, (old, value) -> raise(value));
        registers.onWrite(INTERRUPT_ACKNOWLEDGE, (old, value) -> acknowledge(value));
        for (Register r : new Register[] {DMA_SOURCE, DMA_DESTINATION, DMA_COUNT, DMA_COMMAND}) {
            registers.guard(r, () -> !isBusy());
        }
        registers.onWrite(DMA_COMMAND, (old, value) -> command(value));
        function.bar(0, EduRegisters.BAR_BYTES, new EduFrame(registers));
        function.onReset(this::reset);
    }

    private void compute(long n) {
        registers.set(STATUS, registers.get(STATUS) | COMPUTING.mask());
        long at = loop.now() + n * parameters.factorialStep();
        factorialTimer = loop.schedule(at, (time, data) -> computed(data), n);
    }

    private void computed(long n) {
        factorialTimer = NO_TIMER;
        long product = n < VANISHING ? 1 : 0;
        for (long i = 2; i <= n && product != 0; i++) {
            product = product * i & 0xFFFF_FFFFL;
        }
        registers.set(FACTORIAL, product);
        registers.set(STATUS, registers.get(STATUS) & ~COMPUTING.mask());
        if (FACTORIAL_INTERRUPT.isSet(registers.get(STATUS))) {
            raise(EduRegisters.FACTORIAL_DONE);
        }
    }

    private void raise(long causes) {
        registers.set(INTERRUPT_STATUS, registers.get(INTERRUPT_STATUS) | causes);
        if (registers.get(INTERRUPT_STATUS) != 0) {
            function.interrupt(0);
        }
    }

    private void acknowledge(long causes) {
        registers.set(INTERRUPT_STATUS, registers.get(INTERRUPT_STATUS) & ~causes);
    }

    private void command(long value) {
        if (START.isSet(value)) {
            registers.set(DMA_COMMAND, value);
            dmaTimer = loop.schedule(loop.now() + parameters.dmaDelay(), (time, data) -> transfer(), 0);
        }
    }

    private void transfer() {
        dmaTimer = NO_TIMER;
        boolean toMemory = DIRECTION.isSet(registers.get(DMA_COMMAND));
        long inBuffer = registers.get(toMemory ? DMA_SOURCE : DMA_DESTINATION) - BUFFER_BASE;
        long count = registers.get(DMA_COUNT);
        boolean fits = inBuffer >= 0 && inBuffer <= BUFFER_BYTES && count >= 0 && count <= BUFFER_BYTES - inBuffer;
        if (!fits || count == 0) {
            outOfRange += fits ? 0 : 1;
            end(DmaChannel.Status.OK);
            return;
        }
        transfers++;
        int from = (int) inBuffer;
        int bytes = (int) count;
        long address = masked(registers.get(toMemory ? DMA_DESTINATION : DMA_SOURCE));
        if (toMemory) {
            byte[] data = Arrays.copyOfRange(buffer, from, from + bytes);
            dma.write(address, data, Transaction.NO_SUBSTREAM, Access.WRITE, (status, moved) -> end(status));
        } else {
            byte[] data = new byte[bytes];
            int before = resets;
            dma.read(address, data, Transaction.NO_SUBSTREAM, Access.READ, (status, moved) -> {
                if (before == resets) {
                    System.arraycopy(data, 0, buffer, from, bytes);
                    end(status);
                }
            });
        }
    }

    private long masked(long address) {
        masked += (address & ~parameters.dmaMask()) == 0 ? 0 : 1;
        return address & parameters.dmaMask();
    }

    private void end(DmaChannel.Status status) {
        last = status;
        registers.set(DMA_COMMAND, registers.get(DMA_COMMAND) & ~START.mask());
        if (DMA_INTERRUPT.isSet(registers.get(DMA_COMMAND))) {
            raise(EduRegisters.DMA_DONE);
        }
    }

    private void reset() {
        resets++;
        loop.cancel(dmaTimer);
        loop.cancel(factorialTimer);
        dmaTimer = NO_TIMER;
        factorialTimer = NO_TIMER;
        registers.reset();
        Arrays.fill(buffer, (byte) 0);
        last = DmaChannel.Status.OK;
    }

    /** Whether a DMA has been started and not ended. */
    public boolean isBusy() {
        return START.isSet(registers.get(DMA_COMMAND));
    }

    /** Puts bytes into the buffer from its first byte on, as its hardware would: not by a DMA. */
    public void load(byte[] data) {
        System.arraycopy(data, 0, buffer, 0, data.length);
    }

    /** The first bytes of the buffer. */
    public byte[] buffer(int bytes) {
        return Arrays.copyOf(buffer, bytes);
    }

    /** How the last DMA ended, which software cannot see. */
    public DmaChannel.Status lastStatus() {
        return last;
    }

    /** DMAs that moved bytes, or tried to. */
    public long transfers() {
        return transfers;
    }

    /** DMAs that would have left the buffer. */
    public long outOfRange() {
        return outOfRange;
    }

    /** DMAs whose address had bits outside the DMA mask. */
    public long maskedAddresses() {
        return masked;
    }
}
