// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.pcie.spec.AtsCapability;
import org.iommuemu.pcie.spec.MsixCapability;
import org.iommuemu.pcie.spec.PasidCapability;
import org.iommuemu.pcie.spec.PcieCapability;
import org.iommuemu.pcie.spec.PriCapability;
import org.iommuemu.pcie.spec.Type0Header;

/**
 * A function's configuration space with the capabilities of its description.
 *
 * @param pcieAt offset of the PCI Express capability
 * @param msixAt offset of the MSI-X capability, or -1
 */
record FunctionLayout(ConfigSpace config, FunctionControls controls, int pcieAt, int msixAt) {
    private static final int ABSENT = -1;

    static FunctionLayout of(FunctionDescription d) {
        ConfigSpaceBuilder b = new ConfigSpaceBuilder(Type0Header.MAP);
        int pcieAt = b.capability(PcieCapability.ID, PcieCapability.MAP);
        int msixAt = d.vectors() == 0 ? ABSENT : b.capability(MsixCapability.ID, MsixCapability.MAP);
        int atsAt = d.ats() ? b.extended(AtsCapability.ID, AtsCapability.MAP) : ABSENT;
        int priAt = d.pageRequests() > 0 ? b.extended(PriCapability.ID, PriCapability.MAP) : ABSENT;
        int pasidAt = d.pasidBits() >= 0 ? b.extended(PasidCapability.ID, PasidCapability.MAP) : ABSENT;
        ConfigSpace config = b.build();
        wire(config, d, atsAt, priAt, pasidAt);
        PageRequestControl pages = new PageRequestControl(config, priAt, d.pageRequests());
        return new FunctionLayout(config, new FunctionControls(config, atsAt, pasidAt, pages), pcieAt, msixAt);
    }

    private static void wire(ConfigSpace config, FunctionDescription d, int atsAt, int priAt, int pasidAt) {
        if (atsAt >= 0) {
            boolean global = d.globalInvalidate() && pasidAt >= 0;
            config.wire(
                    ConfigSpaceBuilder.at(atsAt, AtsCapability.CAPABILITY),
                    AtsCapability.QUEUE_DEPTH.of(d.invalidateQueueDepth())
                            | AtsCapability.PAGE_ALIGNED.mask()
                            | AtsCapability.GLOBAL_INVALIDATE.of(global ? 1 : 0),
                    0);
        }
        if (priAt >= 0) {
            long status = PriCapability.STOPPED.mask() | PriCapability.RESPONSE_PASID.of(d.responsePasid() ? 1 : 0);
            config.wire(ConfigSpaceBuilder.at(priAt, PriCapability.STATUS), status, 0);
            config.wire(ConfigSpaceBuilder.at(priAt, PriCapability.CAPACITY), d.pageRequests(), 0);
        }
        if (pasidAt >= 0) {
            long execute = d.execute() ? PasidCapability.EXECUTE.mask() : 0;
            long privileged = d.privileged() ? PasidCapability.PRIVILEGED.mask() : 0;
            // Supported and Enable are at the same positions.
            config.wire(
                    ConfigSpaceBuilder.at(pasidAt, PasidCapability.CAPABILITY),
                    execute | privileged | PasidCapability.WIDTH.of(d.pasidBits()),
                    0);
            config.wire(
                    ConfigSpaceBuilder.at(pasidAt, PasidCapability.CONTROL),
                    0,
                    PasidCapability.ENABLE.mask() | execute | privileged);
        }
    }
}
