// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Descriptor;

/** A VT-d unit with its driver, of which every register access and every descriptor is recorded. */
final class DrivenUnit implements AutoCloseable {
    /** An access to a register. */
    record Access(boolean write, long offset, int bytes, long value) {
        /** Of a value that was not recorded. */
        static final long UNKNOWN = -1;

        @Override
        public String toString() {
            return (write ? "write" : "read") + " 0x" + Long.toHexString(offset) + "/" + bytes + " 0x"
                    + Long.toHexString(value);
        }
    }

    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<Access> accesses = new ArrayList<>();
    private final List<String> descriptors = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Vtd unit;
    private final VtdDriver driver;
    private int known;

    DrivenUnit(VtdFeatures features, VtdOptions options) {
        this(features, options, boot -> {});
    }

    DrivenUnit(VtdFeatures features, VtdOptions options, Consumer<VtdInterrupts> boot) {
        unit = new Vtd(memory, features, CacheConfiguration.standard(), lines::add);
        unit.observeSoftware(null, (descriptor, word0, word1) -> descriptors.add(text(descriptor, word0, word1)));
        RegisterFrame frame = new RegisterFrame() {
            @Override
            public long readRegister(long offset, int size) {
                long value = unit.readRegister(offset, size);
                accesses.add(new Access(false, offset, size, value));
                return value;
            }

            @Override
            public void writeRegister(long offset, int size, long value) {
                accesses.add(new Access(true, offset, size, value));
                unit.writeRegister(offset, size, value);
            }
        };
        driver = new VtdDriver(frame, memory, options, Patience.NONE, boot);
    }

    /** The unit of a capture, driven as the capture's kernel does. */
    static DrivenUnit like(LinuxCapture capture) {
        return new DrivenUnit(
                capture.features(),
                capture.options(),
                interrupts -> capture.bootInterrupts().forEach(i -> interrupts.activate(i, 0xFF00, 0x30, 0)));
    }

    /** A descriptor; of a wait not where in memory its status is, but in which slot, 4 bytes each in an aligned array of 256. */
    static String text(Descriptor descriptor, long word0, long word1) {
        long shown = descriptor == Descriptor.WAIT ? word1 & 0x3FF : word1;
        return Long.toHexString(word0) + " " + Long.toHexString(shown);
    }

    VtdDriver driver() {
        return driver;
    }

    Vtd unit() {
        return unit;
    }

    PhysicalMemory memory() {
        return memory;
    }

    /** Every access so far. */
    List<Access> accesses() {
        return accesses;
    }

    /** Every descriptor so far. */
    List<String> descriptors() {
        return descriptors;
    }

    /** Descriptors since this was asked last, waits as {@code wait}. */
    List<String> sent() {
        List<String> sent = descriptors.subList(known, descriptors.size()).stream()
                .map(d -> d.startsWith("200000025 ") ? "wait" : d)
                .toList();
        known = descriptors.size();
        return sent;
    }

    /** Interrupts that the unit has raised. */
    List<String> lines() {
        return lines;
    }

    Verdict access(int stream, long iova, int access) {
        unit.translate(transaction.set(stream, IommuDriver.NO_PASID, iova, access), verdict);
        return verdict;
    }

    @Override
    public void close() {
        memory.close();
    }
}
