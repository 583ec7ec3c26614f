// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import java.util.function.Consumer;
import org.iommuemu.pcie.InterruptSpace;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.Vtd;
import org.jspecify.annotations.Nullable;

/**
 * Where the machine takes MSIs: with VT-d at 0xFEEx_xxxx, which no table concerns, but interrupt remapping does; with an SMMUv3 at a
 * doorbell register, which must be mapped like memory.
 */
public final class MessageInterrupts implements InterruptSpace {
    /** Physical address of the doorbell beside an SMMUv3 (GITS_TRANSLATER). */
    public static final long DOORBELL = 0x0808_0040L;

    /** First address of the window of interrupts beside a VT-d unit. */
    public static final long WINDOW_BASE = 0xFEE0_0000L;

    private static final int WINDOW_SHIFT = 20;
    private static final long WINDOW = 0xFEE;

    /** Who is interrupted. */
    @FunctionalInterface
    public interface Handler {
        /**
         * An interrupt.
         *
         * @param requester who has sent it
         * @param address where it went, after remapping
         * @param data what was written, after remapping
         */
        void interrupted(int requester, long address, int data);
    }

    private final Consumer<Runnable> later;
    private final @Nullable Vtd vtd;
    private Handler handler = (requester, address, data) -> {};
    private long delivered;

    MessageInterrupts(Consumer<Runnable> later, @Nullable Vtd vtd) {
        this.later = later;
        this.vtd = vtd;
    }

    void handler(Handler by) {
        handler = by;
    }

    @Override
    public boolean takesUntranslated(long address) {
        return vtd != null && address >>> WINDOW_SHIFT == WINDOW;
    }

    @Override
    public boolean takesPhysical(long address) {
        return vtd == null && address == DOORBELL;
    }

    @Override
    public void deliver(int requester, long address, int data, int bytes) {
        InterruptMessage message =
                vtd == null ? new InterruptMessage(address, data) : vtd.remapInterrupt(requester, address, data, bytes);
        if (message != null) {
            delivered++;
            later.accept(() -> handler.interrupted(requester, message.address(), message.data()));
        }
    }

    /** Interrupts so far. */
    public long delivered() {
        return delivered;
    }
}
