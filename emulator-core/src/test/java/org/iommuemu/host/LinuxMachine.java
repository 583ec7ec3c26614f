// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.RecordedLinux.RegisterAccess;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;

/** A machine like that of a capture, whose driver is asked for the same as the capture's kernel was. */
final class LinuxMachine implements AutoCloseable {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final int CMDQ_BASE = 0x90;
    private static final int CMDQ_PROD = 0x98;
    private static final long QUEUE_ADDRESS = 0x00FF_FFFF_FFFF_FFE0L;
    private static final long PAGE_0 = 0xFFFF;

    private final RecordedLinux recorded;
    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<RegisterAccess> accesses = new ArrayList<>();
    private final SmmuV3 smmu;
    private final SmmuDriver driver;
    private final Map<Integer, Domain> domains = new TreeMap<>();

    LinuxMachine(RecordedLinux recorded) {
        this.recorded = recorded;
        smmu = new SmmuV3(memory, recorded.features(), CacheConfiguration.standard(), InterruptSink.NONE);
        driver = new SmmuDriver(watched(smmu, accesses), memory, recorded.stages(), recorded.options(), Patience.NONE);
    }

    private static RegisterFrame watched(RegisterFrame frame, List<RegisterAccess> accesses) {
        return new RegisterFrame() {
            @Override
            public long readRegister(long offset, int size) {
                long value = frame.readRegister(offset, size);
                accesses.add(new RegisterAccess(false, offset & PAGE_0, size, value));
                return value;
            }

            @Override
            public void writeRegister(long offset, int size, long value) {
                accesses.add(new RegisterAccess(true, offset & PAGE_0, size, value));
                frame.writeRegister(offset, size, value);
            }
        };
    }

    SmmuDriver driver() {
        return driver;
    }

    PhysicalMemory memory() {
        return memory;
    }

    List<RegisterAccess> accesses() {
        return accesses;
    }

    /** What the kernel was asked for, in order. */
    void makeCalls() {
        recorded.calls().forEach(this::call);
    }

    void call(String... call) {
        int stream = Integer.decode(call[1]);
        switch (call[0]) {
            // A domain of the DMA API, whose reserved ranges are mapped: 6.1 does that with the device attached.
            case "default" -> {
                Domain made = driver.newDomain(recorded.kind());
                if (recorded.options().version() == LinuxRelease.LINUX_6_1) {
                    attach(stream, made);
                    driver.invalidate(made, 0, 0);
                } else {
                    driver.invalidate(made, 0, 0);
                    attach(stream, made);
                }
            }
            case "attach" -> attach(stream, driver.newDomain(recorded.kind()));
            case "identity" -> attach(stream, driver.newDomain(Domain.Kind.IDENTITY));
            // A device of a group that has a domain.
            case "join" -> attach(stream, domains.get(Integer.decode(call[2])));
            case "block" -> driver.detach(stream, NONE);
            case "flush" -> driver.invalidate(domains.get(stream), 0, 0);
            case "unmap" -> {
                long iova = RecordedLinux.unsigned(call[2]);
                long bytes = Long.parseLong(call[3]);
                int page = recorded.options().pageShift();
                driver.map(domains.get(stream), iova, 0x4000_0000, bytes, page, READ_WRITE);
                driver.unmap(domains.get(stream), iova, bytes, page);
            }
            default -> throw new IllegalArgumentException(call[0]);
        }
    }

    private void attach(int stream, Domain domain) {
        domains.put(stream, domain);
        driver.attach(stream, NONE, domain);
    }

    /** The commands in the queue. */
    List<String> commands() {
        long base = smmu.readRegister(CMDQ_BASE, 8) & QUEUE_ADDRESS;
        List<String> commands = new ArrayList<>();
        for (long i = 0; i < smmu.readRegister(CMDQ_PROD, 4); i++) {
            long word0 = memory.readLong(base + i * Command.BYTES);
            commands.add(String.format(
                    "0x%016x 0x%016x %s", word0, memory.readLong(base + i * Command.BYTES + 8), Command.of(word0)));
        }
        return commands;
    }

    /** A stream's entry, found by the registers as the SMMU finds it. */
    long[] entry(int stream) {
        return words(driver.setup().streams().entry(stream));
    }

    long[] words(long address) {
        long[] words = new long[8];
        for (int i = 0; i < words.length; i++) {
            words[i] = memory.readLong(address + i * 8L);
        }
        return words;
    }

    @Override
    public void close() {
        memory.close();
    }
}
