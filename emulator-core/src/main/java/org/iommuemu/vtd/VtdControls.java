// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.VtdRegisters;

/** What writes to the registers do (VT-d architecture 11.4). Every command takes effect at once. */
final class VtdControls {
    private static final int NO_REGISTER_INVALIDATION = 6;
    private static final int GRANULARITY_GLOBAL = 1;
    private static final int GRANULARITY_DOMAIN = 2;

    private final RegisterFile file;
    private final VtdFeatures features;
    private final TranslationUnit unit;
    private final ContextLookup lookup;
    private final Invalidations invalidations;
    private final InvalidationQueue queue;
    private final InterruptRemapper interrupts;
    private final PageRequests pages;
    private final FaultRecords faults;
    private final AtsRequests ats;
    private final VtdExtras extras;

    VtdControls(
            RegisterFile file,
            VtdFeatures features,
            TranslationUnit unit,
            ContextLookup lookup,
            Invalidations invalidations,
            InvalidationQueue queue,
            InterruptRemapper interrupts,
            PageRequests pages,
            FaultRecords faults,
            AtsRequests ats,
            VtdExtras extras) {
        this.file = file;
        this.features = features;
        this.unit = unit;
        this.lookup = lookup;
        this.invalidations = invalidations;
        this.queue = queue;
        this.interrupts = interrupts;
        this.pages = pages;
        this.faults = faults;
        this.ats = ats;
        this.extras = extras;
    }

    /** Puts the registers to their reset values and the machine behind them to rest; caches keep what they hold. */
    void reset() {
        file.reset();
        file.set(VtdRegisters.VER, features.ver());
        file.set(VtdRegisters.CAP, features.cap());
        file.set(VtdRegisters.ECAP, features.ecap());
        unit.enable(false);
        ats.enable(false);
        lookup.latch(0);
        interrupts.latch(0);
        queue.enable(false);
        pages.place();
        faults.reset();
        extras.reset();
    }

    /** Lets the registers work; IVA and IOTLB are where ECAP puts them. */
    void bind(Register iva, Register iotlb) {
        file.onWrite(VtdRegisters.GCMD, (old, requested) -> command(requested));
        file.onWrite(VtdRegisters.CCMD, (old, requested) -> {
            file.set(VtdRegisters.CCMD, requested);
            if (VtdRegisters.ICC.isSet(requested)) {
                file.set(VtdRegisters.CCMD, invalidateContexts(requested));
            }
        });
        file.onWrite(iotlb, (old, requested) -> {
            file.set(iotlb, requested);
            if (VtdRegisters.IVT.isSet(requested)) {
                file.set(iotlb, invalidateTranslations(requested, file.get(iva)));
            }
        });
        file.onWrite(VtdRegisters.IQT, (old, requested) -> {
            file.set(VtdRegisters.IQT, requested);
            queue.tail(requested);
        });
        file.guard(VtdRegisters.IQA, () -> !VtdRegisters.QIE.isSet(file.get(VtdRegisters.GSTS)));
        for (Register r : new Register[] {VtdRegisters.PQA, VtdRegisters.PQH, VtdRegisters.PQT}) {
            file.onWrite(r, (old, requested) -> {
                file.set(r, requested);
                pages.place();
            });
        }
        file.onWrite(VtdRegisters.PMEN, (old, requested) -> {
            boolean there = features.has(Capability.PLMR) || features.has(Capability.PHMR);
            boolean on = there && VtdRegisters.EPM.isSet(requested);
            file.set(VtdRegisters.PMEN, on ? VtdRegisters.EPM.mask() | VtdRegisters.PROTECTED.mask() : 0);
        });
        // Source and function mask can be written only.
        long hidden = VtdRegisters.CCMD_SID.mask() | VtdRegisters.CCMD_FM.mask();
        file.onRead(VtdRegisters.CCMD, () -> file.get(VtdRegisters.CCMD) & ~hidden);
        file.onRead(iva, () -> 0);
        AbsentRegisters.hide(file, features);
    }

    /** One-shot bits act when they are 1, level bits when they change (3.1). */
    private void command(long requested) {
        if (VtdRegisters.SRTP.isSet(requested)) {
            lookup.latch(file.get(VtdRegisters.RTADDR));
            if (features.has(Capability.ESRTPS)) {
                invalidations.everything();
            }
            setStatus(VtdRegisters.SRTP.mask(), true);
        }
        boolean remapping = features.hasExtended(ExtendedCapability.IR);
        if (VtdRegisters.SIRTP.isSet(requested) && remapping) {
            interrupts.latch(file.get(VtdRegisters.IRTA));
            if (features.has(Capability.ESIRTPS)) {
                interrupts.invalidate(true, 0, 0);
            }
            setStatus(VtdRegisters.SIRTP.mask(), true);
        }
        long changed = requested ^ file.get(VtdRegisters.GSTS);
        if (VtdRegisters.QIE.isSet(changed) && features.hasExtended(ExtendedCapability.QI)) {
            boolean on = VtdRegisters.QIE.isSet(requested);
            setStatus(VtdRegisters.QIE.mask(), on);
            queue.enable(on);
        }
        if (VtdRegisters.IRE.isSet(changed) && remapping) {
            boolean on = VtdRegisters.IRE.isSet(requested);
            setStatus(VtdRegisters.IRE.mask(), on);
            if (!on && features.has(Capability.ESIRTPS)) {
                interrupts.invalidate(true, 0, 0);
            }
        }
        if (VtdRegisters.CFI.isSet(changed) && remapping) {
            setStatus(VtdRegisters.CFI.mask(), VtdRegisters.CFI.isSet(requested));
        }
        // Without a guest address width there is nothing to translate by.
        boolean translates = Capability.SAGAW.get(features.cap()) != 0 || features.hasExtended(ExtendedCapability.FSTS);
        if (VtdRegisters.TE.isSet(changed) && translates) {
            boolean on = VtdRegisters.TE.isSet(requested);
            setStatus(VtdRegisters.TE.mask(), on);
            unit.enable(on);
            ats.enable(on);
            if (!on && features.hasExtended(ExtendedCapability.SMTS)) {
                invalidations.everything();
            }
        }
        if ((file.get(VtdRegisters.GSTS) & (VtdRegisters.TE.mask() | VtdRegisters.IRE.mask())) == 0) {
            faults.restart();
        }
    }

    private void setStatus(long bit, boolean on) {
        long status = file.get(VtdRegisters.GSTS);
        file.set(VtdRegisters.GSTS, on ? status | bit : status & ~bit);
    }

    /** Registers invalidate in legacy mode alone, and not on the newest revisions (2.6). */
    private boolean mayInvalidate() {
        return lookup.mode() == ContextLookup.LEGACY && features.major() < NO_REGISTER_INVALIDATION;
    }

    private long invalidateContexts(long command) {
        int granularity = VtdRegisters.CIRG.getInt(command);
        boolean done = mayInvalidate() && granularity != 0;
        if (done && granularity == GRANULARITY_GLOBAL) {
            invalidations.contexts();
        } else if (done && granularity == GRANULARITY_DOMAIN) {
            invalidations.contextsOfDomain(VtdRegisters.CCMD_DID.getInt(command));
        } else if (done) {
            invalidations.contextsOfSource(VtdRegisters.CCMD_SID.getInt(command), VtdRegisters.CCMD_FM.getInt(command));
        }
        return VtdRegisters.CAIG.set(VtdRegisters.ICC.set(command, 0), done ? granularity : 0);
    }

    private long invalidateTranslations(long command, long iva) {
        int granularity = VtdRegisters.IIRG.getInt(command);
        int mask = VtdRegisters.IVA_AM.getInt(iva);
        boolean page = granularity != GRANULARITY_GLOBAL && granularity != GRANULARITY_DOMAIN;
        boolean legalPage = features.has(Capability.PSI) && mask <= Capability.MAMV.getInt(features.cap());
        boolean done = mayInvalidate() && granularity != 0 && (!page || legalPage);
        int domain = VtdRegisters.IOTLB_DID.getInt(command);
        if (done && granularity == GRANULARITY_GLOBAL) {
            invalidations.translations();
        } else if (done && granularity == GRANULARITY_DOMAIN) {
            invalidations.translationsOfDomain(domain);
        } else if (done) {
            boolean leaf = VtdRegisters.IVA_IH.isSet(iva);
            invalidations.pagesOfDomain(domain, VtdRegisters.IVA_ADDRESS.inPlace(iva), mask, leaf);
        }
        return VtdRegisters.IAIG.set(VtdRegisters.IVT.set(command, 0), done ? granularity : 0);
    }
}
