// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsFileTest {
    @TempDir
    private Path folder;

    private Settings read(String text, Settings base) throws IOException {
        Path file = folder.resolve("machine.yaml");
        Files.writeString(file, text);
        return Presets.read(file, base);
    }

    @Test
    void shouldReadPlainValuesAndThoseWithASource() throws IOException {
        Settings s = read("""
                title: mine
                systems: [a, b]
                iotlb:
                  entries: 512
                  policy: {value: tree-plru, source: a manual}
                walk:
                  before-ns: 12.5
                  serial-leaf-tables: true
                """, Presets.NOTHING);

        assertThat(s.title()).isEqualTo("mine");
        assertThat(s.systems()).containsExactly("a", "b");
        assertThat(s.integer(Parameter.IOTLB_ENTRIES)).isEqualTo(512);
        assertThat(s.source(Parameter.IOTLB_ENTRIES)).endsWith("machine.yaml");
        assertThat(s.text(Parameter.IOTLB_POLICY)).isEqualTo("tree-plru");
        assertThat(s.source(Parameter.IOTLB_POLICY)).isEqualTo("a manual");
        assertThat(s.picoseconds(Parameter.WALK_BEFORE)).isEqualTo(12_500);
        assertThat(s.isOn(Parameter.SERIAL_LEAF_TABLES)).isTrue();
        assertThat(s.text(Parameter.WALKERS)).isEqualTo(Parameter.WALKERS.usual());
        assertThat(s.source(Parameter.WALKERS)).isEqualTo("assumed");
    }

    @Test
    void shouldKeepWhatItDoesNotSet() throws IOException {
        Settings base = Presets.named("intel-bdw-e5v4");
        Settings s = read("walk: {walkers: 9}", base);

        assertThat(s.integer(Parameter.WALKERS)).isEqualTo(9);
        assertThat(s.integer(Parameter.IOTLB_ENTRIES)).isEqualTo(base.integer(Parameter.IOTLB_ENTRIES));
        assertThat(s.source(Parameter.IOTLB_ENTRIES)).isEqualTo(base.source(Parameter.IOTLB_ENTRIES));
        assertThat(read("", base).values()).isEqualTo(base.values());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "iotlb: {entrys: 5}|:1: unknown key 'iotlb.entrys'; expected one of policy, entries, ways, ports,",
                "iotbl: {entries: 5}|:1: unknown key 'iotbl'; expected one of title, systems, machine, iotlb,",
                "iotlb: {entries: -1}|:1: iotlb.entries is '-1'; expected a whole number from 0 to 1048576",
                "iotlb: {entries: 1.5}|:1: iotlb.entries is '1.5'; expected a whole number from 0 to 1048576",
                "iotlb: {entries: many}|:1: iotlb.entries is 'many'; expected a whole number from 0 to 1048576",
                "iotlb: {policy: mru}|:1: iotlb.policy is 'mru'; expected one of lru, tree-plru,",
                "tables: {slow-fraction: 1.5}|:1: tables.slow-fraction is '1.5'; expected a number from 0 to 1",
                "walk: {serial-leaf-tables: maybe}|walk.serial-leaf-tables is 'maybe'; expected one of false, true",
                "iotlb: {entries: [1]}|:1: 'iotlb.entries' is no single value; expected one value",
                "iotlb: {entries: {valu: 1}}|:1: unknown key 'iotlb.entries.valu'; expected value, source",
                "iotlb: 5|:1: 'iotlb' has no keys below it; expected one of policy, entries, ways, ports,",
                "iotlb: {entries: {source: a}}|:1: 'iotlb.entries' has no value; expected a whole number",
                "tables: {latency-ns: 1e-99999999}|:1: tables.latency-ns is '1e-99999999'; expected a number from 0",
                "systems: 5|:1: 'systems' is no list; expected a list of names",
                "[1, 2]|holds no keys; expected keys with values",
                "iotlb: {entries: 5|not YAML: while parsing a flow mapping, expected ',' or '}', but got <stream end>;",
                "walk: {walkers: 1, walkers: 2}|not YAML: Duplicate",
            })
    void shouldSayWhatIsWrongInOneLine(String text, String message) {
        assertThatThrownBy(() -> read(text, Presets.NOTHING))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("machine.yaml")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void shouldRefuseWhatIsSetTwiceAndWhatIsBehindTheEnd() {
        assertThatThrownBy(() -> read("iotlb.entries: 64\niotlb: {entries: 128}\n", Presets.NOTHING))
                .hasMessageContaining("machine.yaml:2: iotlb.entries is set a second time; expected each key once");
        assertThatThrownBy(() -> read("iotlb: {entries: 64}\n---\nfoo: 2\n", Presets.NOTHING))
                .hasMessageContaining("goes on behind its first document; expected one document");
    }

    @Test
    void shouldLimitTheEntriesOfAllInstances() throws IOException {
        Settings s = read("micro-tlb: {entries: 1048576, instances: 5}", Presets.NOTHING);

        assertThatThrownBy(() -> MachineParameters.timing(s))
                .hasMessageContaining("micro-tlb.entries by micro-tlb.instances is 5242880; expected at most 4194304");
    }

    @Test
    void shouldRoundNoRateToNone() throws IOException {
        assertThat(MachineParameters.timing(read("tables: {gbps: 1e-10}", Presets.NOTHING))
                        .tables()
                        .bitsPerSecond())
                .isEqualTo(1);
    }

    @Test
    void shouldNameTheLine() {
        assertThatThrownBy(() -> read("title: x\niotlb:\n  ways: 2\n  entries: z\n", Presets.NOTHING))
                .hasMessageContaining("machine.yaml:4: iotlb.entries is 'z'");
    }

    @Test
    void shouldSayThatAFileIsMissing() {
        assertThatThrownBy(() -> Presets.read(folder.resolve("none.yaml"), Presets.NOTHING))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("none.yaml: cannot be read");
    }

    @Test
    void shouldRefuseEntriesThatAreNoMultipleOfTheWays() {
        Settings s = Presets.NOTHING.with(Parameter.IOTLB_ENTRIES, "10").with(Parameter.IOTLB_WAYS, "4");

        assertThatThrownBy(() -> MachineParameters.caches(s))
                .hasMessage(
                        s.name()
                                + ": iotlb.entries is 10 and iotlb.ways is 4; expected entries that are a multiple of the ways");
        assertThatThrownBy(() -> s.with(Parameter.IOTLB_WAYS, "x"))
                .hasMessage("iotlb.ways is 'x'; expected a whole number from 0 to 1048576");
        assertThatThrownBy(() -> PathSettings.link(s.with(Parameter.LINK_LANES, "3")))
                .hasMessage("link: lanes is 3; expected 1, 2, 4, 8 or 16");
    }
}
