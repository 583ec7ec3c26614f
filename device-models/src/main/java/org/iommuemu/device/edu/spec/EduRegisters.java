// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.edu.spec;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The registers behind base address register 0 (QEMU documentation, EDU device). */
public final class EduRegisters {
    /** Vendor ID. */
    public static final int VENDOR = 0x1234;
    /** Device ID. */
    public static final int DEVICE = 0x11E8;
    /** Bytes behind base address register 0. */
    public static final long BAR_BYTES = 1 << 20;
    /** From here on registers can be accessed by 8 bytes too; below by 4 alone. */
    public static final int WIDE_BASE = 0x80;
    /** Where the buffer is, as DMA source or destination; software cannot see it. */
    public static final long BUFFER_BASE = 0x4_0000;
    /** Bytes of the buffer. */
    public static final int BUFFER_BYTES = 0x1000;
    /** Interrupt status: a factorial is there. */
    public static final long FACTORIAL_DONE = 0x1;
    /** Interrupt status: a DMA has ended. */
    public static final long DMA_DONE = 0x100;

    private static final String SOURCE = "QEMU docs/specs/edu";
    private static final long ALL_32 = 0xFFFF_FFFFL;

    /** Version 1.0, and the device's name in its lower bits. */
    public static final Register IDENTIFICATION =
            new Register("identification", 0x00, 4, 0x0100_00EDL, 0, 0, plain("identification"));
    /** Liveness check: reads as the inverse of what was written. */
    public static final Register LIVENESS = Register.writable("liveness", 0x04, 4, ALL_32, plain("liveness"));
    /** What to compute the factorial of, and then the factorial. */
    public static final Register FACTORIAL = Register.writable("factorial", 0x08, 4, ALL_32, plain("factorial"));

    private static final Layout.Builder S = Layout.builder("status", 1, SOURCE);
    /** A factorial is being computed. */
    public static final BitField COMPUTING = S.bit("computing", 0);
    /** Raise {@link #FACTORIAL_DONE} after it. */
    public static final BitField FACTORIAL_INTERRUPT = S.bit("interrupt after factorial", 7);
    /** Status. */
    public static final Register STATUS = Register.writable("status", 0x20, 4, FACTORIAL_INTERRUPT.mask(), S.build());

    /** Interrupts raised and not acknowledged. */
    public static final Register INTERRUPT_STATUS =
            Register.readOnly("interrupt status", 0x24, 4, plain("interrupt status"));
    /** Write-only: adds bits to the interrupt status, and raises an interrupt. */
    public static final Register INTERRUPT_RAISE =
            Register.writable("interrupt raise", 0x60, 4, ALL_32, plain("interrupt raise"));
    /** Write-only: clears bits of the interrupt status. */
    public static final Register INTERRUPT_ACKNOWLEDGE =
            Register.writable("interrupt acknowledge", 0x64, 4, ALL_32, plain("interrupt acknowledge"));
    /** Where a DMA reads. */
    public static final Register DMA_SOURCE = Register.writable("dma source", 0x80, 8, -1L, plain("dma source"));
    /** Where a DMA writes. */
    public static final Register DMA_DESTINATION =
            Register.writable("dma destination", 0x88, 8, -1L, plain("dma destination"));
    /** Bytes of a DMA. */
    public static final Register DMA_COUNT = Register.writable("dma count", 0x90, 8, -1L, plain("dma count"));

    private static final Layout.Builder C = Layout.builder("dma command", 1, SOURCE);
    /** Starts a DMA; set until it has ended. */
    public static final BitField START = C.bit("start", 0);
    /** Which end is the buffer. */
    public static final BitField DIRECTION = C.bit("direction", 1, "memory to buffer", "buffer to memory");
    /** Raise {@link #DMA_DONE} after it. */
    public static final BitField DMA_INTERRUPT = C.bit("interrupt after dma", 2);
    /** DMA command; a value without {@link #START} is ignored. */
    public static final Register DMA_COMMAND = Register.writable("dma command", 0x98, 8, -1L, C.build());

    /** All of them. */
    public static final List<Register> ALL = List.of(
            IDENTIFICATION,
            LIVENESS,
            FACTORIAL,
            STATUS,
            INTERRUPT_STATUS,
            INTERRUPT_RAISE,
            INTERRUPT_ACKNOWLEDGE,
            DMA_SOURCE,
            DMA_DESTINATION,
            DMA_COUNT,
            DMA_COMMAND);

    private EduRegisters() {}

    private static Layout plain(String name) {
        return Layout.builder(name, 1, SOURCE).build();
    }
}
