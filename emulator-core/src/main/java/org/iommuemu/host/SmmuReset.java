// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.function.BooleanSupplier;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.smmuv3.spec.Registers;

/** Register accesses that bring an SMMU up, each in the way of Linux' {@code arm_smmu_device_reset}. */
final class SmmuReset {
    /** Inner shareable, write-back inside and outside: for queues and for tables. */
    private static final long INNER_WRITE_BACK = 0x35;

    private final RegisterFrame smmu;
    private final Patience patience;
    private long enabled;

    SmmuReset(RegisterFrame smmu, Patience patience) {
        this.smmu = smmu;
        this.patience = patience;
    }

    /** Switches everything off. What was on, as somebody else has left the SMMU so, lets nothing through from here on. */
    void disable() {
        if (Registers.SMMUEN.isSet(SmmuDriver.read(smmu, Registers.CR0))) {
            awaitAttributes();
            long attributes = SmmuDriver.read(smmu, Registers.GBPA) | Registers.GBPA_ABORT.of(1);
            SmmuDriver.write(smmu, Registers.GBPA, attributes | Registers.GBPA_UPDATE.of(1));
            awaitAttributes();
        }
        writeAcknowledged(Registers.CR0, Registers.CR0ACK, 0);
    }

    private void awaitAttributes() {
        await(() -> !Registers.GBPA_UPDATE.isSet(SmmuDriver.read(smmu, Registers.GBPA)), Registers.GBPA);
    }

    /** Says how memory is accessed, and what is recorded; TLB maintenance of processors does not concern the SMMU. */
    void configure(SmmuStreamTable streams) {
        SmmuDriver.write(
                smmu,
                Registers.CR1,
                Registers.TABLE_ATTRIBUTES.of(INNER_WRITE_BACK) | Registers.QUEUE_ATTRIBUTES.of(INNER_WRITE_BACK));
        SmmuDriver.write(smmu, Registers.CR2, Registers.PTM.of(1) | Registers.RECINVSID.of(1));
        SmmuDriver.write(smmu, Registers.STRTAB_BASE, streams.baseRegister());
        SmmuDriver.write(smmu, Registers.STRTAB_BASE_CFG, streams.configRegister());
    }

    /** Switches something on in CR0. */
    void enable(long bits) {
        enabled |= bits;
        writeAcknowledged(Registers.CR0, Registers.CR0ACK, enabled);
    }

    /** Switches interrupts on, each by its wire. */
    void enableInterrupts(boolean pageRequests) {
        writeAcknowledged(Registers.IRQ_CTRL, Registers.IRQ_CTRLACK, 0);
        SmmuDriver.write(smmu, Registers.GERROR_IRQ_CFG0, 0);
        SmmuDriver.write(smmu, Registers.EVENTQ_IRQ_CFG0, 0);
        if (pageRequests) {
            SmmuDriver.write(smmu, Registers.PRIQ_IRQ_CFG0, 0);
        }
        writeAcknowledged(
                Registers.IRQ_CTRL,
                Registers.IRQ_CTRLACK,
                Registers.EVENTQ_IRQEN.of(1)
                        | Registers.GERROR_IRQEN.of(1)
                        | Registers.PRIQ_IRQEN.of(pageRequests ? 1 : 0));
    }

    private void writeAcknowledged(Register register, Register acknowledge, long value) {
        SmmuDriver.write(smmu, register, value);
        await(() -> SmmuDriver.read(smmu, acknowledge) == value, register);
    }

    private void await(BooleanSupplier done, Register register) {
        if (!done.getAsBoolean() && !patience.await(done, Patience.MOST_PICOSECONDS)) {
            throw new IllegalStateException("the SMMU has not taken what was written to " + register.name());
        }
    }
}
