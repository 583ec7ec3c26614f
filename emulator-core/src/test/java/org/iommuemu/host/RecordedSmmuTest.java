// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.host.RecordedLinux.RegisterAccess;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver of an SMMUv3 against what unmodified Linux kernels did; nothing is left out but where the kernel's memory was. */
class RecordedSmmuTest {
    /** Registers with the address of a structure, and its bits. */
    private static final Map<Long, Long> ADDRESSES =
            Map.of(0x80L, 0x00FF_FFFF_FFFF_FFC0L, 0x90L, 0x00FF_FFFF_FFFF_FFE0L, 0xA0L, 0x00FF_FFFF_FFFF_FFE0L);

    /** The reset sequence ends with the write of CR0 that lets devices through, and the read of its acknowledgement. */
    private static final int RESET = 34;

    private static List<String> withoutAddresses(List<RegisterAccess> accesses) {
        return accesses.stream()
                .map(a -> new RegisterAccess(
                        a.write(), a.offset(), a.bytes(), a.value() & ~ADDRESSES.getOrDefault(a.offset(), 0L)))
                .map(RegisterAccess::toString)
                .toList();
    }

    @ParameterizedTest
    @FieldSource("org.iommuemu.host.RecordedLinux#ALL")
    void shouldBringTheSmmuUpByTheRecordedAccesses(String name) {
        RecordedLinux recorded = RecordedLinux.of(name);

        try (LinuxMachine machine = new LinuxMachine(recorded)) {
            assertThat(withoutAddresses(machine.accesses()))
                    .isEqualTo(withoutAddresses(recorded.accesses().subList(0, RESET)));
        }
    }

    @ParameterizedTest
    @FieldSource("org.iommuemu.host.RecordedLinux#ALL")
    void shouldSendTheRecordedCommandsAndPollAsRecorded(String name) {
        RecordedLinux recorded = RecordedLinux.of(name);

        try (LinuxMachine machine = new LinuxMachine(recorded)) {
            machine.makeCalls();

            assertThat(machine.commands()).isEqualTo(recorded.commands());
            assertThat(withoutAddresses(machine.accesses())).isEqualTo(withoutAddresses(recorded.accesses()));
        }
    }

    /** Entries of streams that were attached, and one that never was; contexts. Masked: S1ContextPtr, S2TTB, TTB0. */
    @ParameterizedTest
    @FieldSource("org.iommuemu.host.RecordedLinux#ALL")
    void shouldDescribeStreamsInTheRecordedWords(String name) {
        RecordedLinux recorded = RecordedLinux.of(name);
        List<String> expected = new ArrayList<>();
        List<String> described = new ArrayList<>();

        try (LinuxMachine machine = new LinuxMachine(recorded)) {
            machine.makeCalls();
            var streams = recorded.calls().stream().map(c -> c[1]).collect(Collectors.toSet());
            streams.add("0x0");
            for (String[] row : RecordedLinux.rows("structures")) {
                if (row[0].equals(name) && streams.contains(row[1])) {
                    long[] words = new long[8];
                    for (int i = 0; i < words.length; i++) {
                        words[i] = RecordedLinux.unsigned(row[3 + i]);
                    }
                    long[] entry = machine.entry(Integer.decode(row[1]));
                    boolean context = row[2].equals("cd");
                    expected.add(text(row[1], words, context));
                    described.add(
                            text(row[1], context ? machine.words(Ste.S1_CONTEXT_PTR.inPlace(entry)) : entry, context));
                }
            }
        }

        assertThat(expected).hasSizeGreaterThan(1);
        assertThat(described).isEqualTo(expected);
    }

    private static String text(String stream, long[] words, boolean context) {
        if (context) {
            Cd.TTB0.setInPlace(words, 0);
        } else {
            Ste.S1_CONTEXT_PTR.setInPlace(words, 0);
            Ste.S2TTB.setInPlace(words, 0);
        }
        StringBuilder out = new StringBuilder(stream);
        for (long w : words) {
            out.append(String.format(" %016x", w));
        }
        return out.toString();
    }

    /** A domain that a device gets by itself is set up like one of the DMA API. */
    @ParameterizedTest
    @ValueSource(strings = {"linux-nvme", "s2-linux-vfio", "16k-linux612-vfio"})
    void shouldSetUpADevicesOwnDomainAsTheDmaApiDoes(String name) {
        RecordedLinux recorded = RecordedLinux.of(name);

        try (LinuxMachine asked = new LinuxMachine(recorded);
                LinuxMachine own = new LinuxMachine(recorded)) {
            asked.call("default", "0x40");
            own.driver().bind(0x40, IommuDriver.NO_PASID);

            assertThat(own.commands()).hasSizeGreaterThan(8).isEqualTo(asked.commands());
        }
    }

    /** What mappings.csv has of leaves, but that Linux lets devices execute what it does not say otherwise of: XN is masked. */
    @Test
    void shouldMapByTheRecordedAttributes() {
        SmmuTables tables = SmmuTables.of(12, 44);
        int execute = IommuDriver.EXECUTE;
        long page = 3;

        assertThat(tables.first().leaf().of(IommuDriver.READ | IommuDriver.WRITE | execute) | page)
                .isEqualTo(0xF47);
        assertThat(tables.first().leaf().of(IommuDriver.READ | execute) | page).isEqualTo(0xFC7);
        assertThat(tables.first().leaf().of(IommuDriver.READ | IommuDriver.WRITE | IommuDriver.MMIO) | page)
                .isEqualTo(0x60_0000_0000_0E4BL);
        assertThat(tables.second().leaf().of(IommuDriver.READ | IommuDriver.WRITE | execute) | page)
                .isEqualTo(0x7FF);
        assertThat(tables.second().leaf().of(IommuDriver.READ | execute) | page).isEqualTo(0x77F);
        assertThat(tables.second().leaf().of(IommuDriver.WRITE | execute) | page)
                .isEqualTo(0x7BF);
    }
}
