// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PresetsTest {
    @ParameterizedTest
    @MethodSource("org.iommuemu.preset.Presets#names")
    void shouldComeWithASourceForEveryValueAndMakeAMachine(String name) {
        Settings s = Presets.named(name);

        assertThat(s.title()).isNotBlank();
        assertThat(s.values().keySet()).allSatisfy(p -> {
            assertThat(s.source(p)).isNotBlank().doesNotEndWith(".yaml");
        });
        assertThat(MachineParameters.caches(s).iotlb().entries()).isEqualTo(s.integer(Parameter.IOTLB_ENTRIES));
        assertThat(MachineParameters.timing(s).walk().walkers()).isEqualTo(s.integer(Parameter.WALKERS));
        assertThat(PathSettings.link(s).lanes()).isEqualTo(s.integer(Parameter.LINK_LANES));
    }

    @Test
    void shouldStandForASystemOnce() {
        Set<String> systems = new HashSet<>();
        for (String name : Presets.names()) {
            assertThat(Presets.named(name).systems())
                    .allSatisfy(s -> assertThat(systems.add(s)).isTrue());
        }
        assertThat(Presets.ofSystem("hsw-e5-2637v3")).map(Settings::name).contains("intel-hsw-e5-2637v3");
        assertThat(Presets.ofSystem("hsw-e3-1226v3")).isEmpty();
    }

    @Test
    void shouldNotKnowOthers() {
        assertThatThrownBy(() -> Presets.named("intel-xyz"))
                .hasMessageStartingWith("unknown preset 'intel-xyz'; expected one of intel-snb-e5v1, ");
    }

    @Test
    void shouldHaveUsualValuesThatAreLegal() {
        for (Parameter p : Parameter.values()) {
            assertThat(p.takes(p.usual())).as(p.key()).isTrue();
            assertThat(Parameter.of(p.key())).isSameAs(p);
        }
    }
}
