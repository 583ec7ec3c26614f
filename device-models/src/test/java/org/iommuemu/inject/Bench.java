// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;

/** A machine with one function that may read and write eight pages, and what came of its requests, in order. */
final class Bench implements AutoCloseable {
    static final int DEVICE = 0x100;
    static final long IOVA = 0x4000;
    static final long PHYSICAL = 0x1_0000_0000L;
    static final long MICROSECOND = 1_000_000L;

    final Platform machine = Platform.smmuv3(PlatformParameters.standard());
    final PciFunction function;
    final DmaChannel dma;
    final IommuDriver driver;
    final List<String> ended = new ArrayList<>();
    final FaultInjector injector;

    Bench(FaultRule... rules) {
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.enableAts(DEVICE);
        driver.map(DEVICE, IommuDriver.NO_PASID, IOVA, PHYSICAL, 0x8000, 12, IommuDriver.READ | IommuDriver.WRITE);
        function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        dma = new DmaChannel(function);
        injector = new FaultInjector(machine, new FaultPlan(7, List.of(rules)));
    }

    /** Reads 8 bytes of a page, past any ATC. */
    Bench read(int page) {
        function.requester()
                .read(
                        Tlp.AddressType.UNTRANSLATED,
                        IOVA + page * 0x1000L,
                        8,
                        Transaction.NO_SUBSTREAM,
                        Access.READ,
                        (outcome, data) -> ended.add(page + " " + outcome + value(data)));
        return this;
    }

    /** Writes 8 bytes to a page. */
    Bench write(int page, long value) {
        byte[] bytes = new byte[8];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        function.requester()
                .write(
                        Tlp.AddressType.UNTRANSLATED,
                        IOVA + page * 0x1000L,
                        bytes,
                        Transaction.NO_SUBSTREAM,
                        Access.WRITE);
        return this;
    }

    Bench run() {
        machine.loop().run();
        return this;
    }

    long memory(int page) {
        return machine.memory().readLong(PHYSICAL + page * 0x1000L);
    }

    void memory(int page, long value) {
        machine.memory().writeLong(PHYSICAL + page * 0x1000L, value);
    }

    private static String value(byte[] data) {
        long value = 0;
        for (int i = 0; i < data.length; i++) {
            value |= (data[i] & 0xFFL) << 8 * i;
        }
        return data.length == 0 ? "" : " 0x" + Long.toHexString(value);
    }

    static TlpRule tlp(TlpMatch match, Occasion when, TlpAction action) {
        return new TlpRule("rule", match, when, action);
    }

    @Override
    public void close() {
        machine.close();
    }
}
