// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.Domain;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;

/** What a driver says that can be done is what the IOMMU's registers say. */
class DriverFeaturesTest {
    private static DriverFeatures smmu(long idr0, int substreamBits) {
        SmmuFeatures f = SmmuFeatures.full();
        SmmuFeatures features = new SmmuFeatures(
                idr0, Idr.SSIDSIZE.set(f.idr1(), substreamBits), f.idr3(), f.idr5(), f.iidr(), f.aidr());
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 smmu = new SmmuV3(memory, features, CacheConfiguration.standard(), line -> {});
            return new SmmuDriver(smmu, memory, StageLayout.STAGE_1).features();
        }
    }

    private static DriverFeatures vtd(long ecap) {
        VtdFeatures f = VtdFeatures.full();
        try (PhysicalMemory memory = new PhysicalMemory()) {
            Vtd unit = new Vtd(memory, new VtdFeatures(f.ver(), f.cap(), ecap), CacheConfiguration.standard(), l -> {});
            return new VtdDriver(unit, memory, StageLayout.STAGE_2).features();
        }
    }

    @Test
    void shouldSayWhatAnSmmusIdentificationSays() {
        long full = SmmuFeatures.full().idr0();

        assertThat(smmu(full, 20))
                .isEqualTo(
                        new DriverFeatures(1 << 20, true, true, true, true, true, true, true, 48, false, false, false));
        assertThat(smmu(full, 5).pasids()).isEqualTo(32);
        assertThat(smmu(full, 0).pasids()).isZero();
        // One level of contexts will do.
        assertThat(smmu(Idr.CD2L.set(full, 0), 20).pasids()).isEqualTo(1 << 20);
        assertThat(smmu(Idr.PRI.set(full, 0), 20).pageRequests()).isFalse();
        assertThat(smmu(Idr.ATS.set(Idr.PRI.set(full, 0), 0), 20).ats()).isFalse();
        DriverFeatures first = smmu(Idr.S2P.set(full, 0), 20);
        assertThat(first.secondStage() || first.nested() || first.guestContexts())
                .isFalse();
        assertThat(first.firstStage()).isTrue();
    }

    @Test
    void shouldMakeAsManyDomainsAsThereAreIdsAndSayWhenThereAreNoMore() {
        VtdFeatures f = VtdFeatures.full();
        long sixteen = Capability.ND.set(f.cap(), 0);
        try (PhysicalMemory memory = new PhysicalMemory()) {
            Vtd unit = new Vtd(
                    memory, new VtdFeatures(f.ver(), sixteen, f.ecap()), CacheConfiguration.standard(), l -> {});
            ControlCore core = new ControlCore(new VtdDriver(unit, memory, StageLayout.STAGE_2));
            Domain parent = core.newDomain(Domain.Kind.SECOND_STAGE).value();
            int made = 1;
            while (core.newDomain(Domain.Kind.FIRST_STAGE).isOk()) {
                made++;
            }

            assertThat(made).isEqualTo(14);
            GuestTables tables = new GuestTables.FirstStage(0, false, false, false);
            assertThat(core.nest(parent, tables).errno()).isEqualTo(Errno.ENOSPC);
            core.driver().free(parent);
            assertThat(core.newDomain(Domain.Kind.FIRST_STAGE).isOk()).isTrue();
        }
    }

    @Test
    void shouldSayWhatAVtdUnitsCapabilitiesSay() {
        long full = VtdFeatures.full().ecap();

        assertThat(vtd(full))
                .isEqualTo(
                        new DriverFeatures(1 << 20, true, true, true, true, false, true, true, 57, true, true, false));
        assertThat(vtd(ExtendedCapability.SRS.set(full, 0)).supervisor()).isFalse();
        assertThat(vtd(ExtendedCapability.EAFS.set(full, 0)).extendedAccess()).isFalse();
        assertThat(vtd(ExtendedCapability.PSS.set(full, 7)).pasids()).isEqualTo(1 << 8);
        assertThat(vtd(ExtendedCapability.NEST.set(full, 0)).nested()).isFalse();
        assertThat(vtd(ExtendedCapability.PT.set(full, 0)).identity()).isFalse();
        assertThat(vtd(ExtendedCapability.PRS.set(full, 0)).pageRequests()).isFalse();
    }
}
