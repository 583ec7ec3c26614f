// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.platform.Platform;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a device sends, memory outside its mappings stays as it is, it reads nothing else, and the run ends. */
class ContainmentTest {
    private static final int ATTACKER = 0x200;
    private static final int OTHER = 0x100;
    private static final long OWN = 0x7000_0000L;
    private static final long FRAME = World.FRAMES + 0x1000;
    private static final int PAGE = 4096;
    private static final int ATTEMPTS = 2_000;
    /** Of a TLP: on the link, at the IOMMU, its completions, credits, what software does about its record. */
    private static final int MOST_EVENTS_OF_AN_ATTEMPT = 64;

    static Stream<Arguments> attacks() {
        List<Arguments> all = new ArrayList<>();
        for (Setting.Architecture architecture : Setting.Architecture.values()) {
            for (Attacks.Kind kind : Attacks.Kind.values()) {
                all.add(Arguments.of(architecture, kind));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void shouldTouchNothingThatIsNotMapped(Setting.Architecture architecture, Attacks.Kind kind) {
        try (Platform machine = new Setting(architecture, 1, false).machine()) {
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            // The page in the middle is the attacker's; those around it are another device's.
            for (int page = 0; page < 3; page++) {
                fill(machine, World.FRAMES + page * (long) PAGE, (byte) (0xC0 + page));
                driver.map(
                        page == 1 ? ATTACKER : OTHER,
                        IommuDriver.NO_PASID,
                        OWN + page * (long) PAGE - PAGE,
                        World.FRAMES + page * (long) PAGE,
                        PAGE,
                        12,
                        IommuDriver.READ | IommuDriver.WRITE);
            }
            machine.addFunction(OTHER);
            PciFunction attacker = machine.addFunction(ATTACKER);
            attacker.enableBusMaster();
            List<String> leaks = new ArrayList<>();
            attacker.link().connectDevice((tlp, buffer) -> {
                if (tlp instanceof Tlp.Completion c && c.kind() == TlpKind.COMPLETION) {
                    for (byte b : c.data()) {
                        if (b != (byte) 0xC1 && b != Attacks.MARK) {
                            leaks.add("read 0x" + Integer.toHexString(b & 0xFF));
                        }
                    }
                }
                buffer.drained(0);
            });
            machine.memory().watchWrites((address, bytes) -> {
                boolean marked = machine.memory().readByte(address) == Attacks.MARK
                        && machine.memory().readByte(address + bytes - 1) == Attacks.MARK;
                if (marked && (address < FRAME || address + bytes > FRAME + PAGE)) {
                    leaks.add(String.format("wrote %d bytes at 0x%x", bytes, address));
                }
            });
            Attacks attacks = new Attacks(attacker, OWN, 7);

            for (int i = 0; i < ATTEMPTS; i++) {
                attacks.go(kind);
            }
            machine.loop().run();

            assertThat(leaks).isEmpty();
            assertThat(machine.loop().pending()).isZero();
            assertThat(machine.loop().executed()).isLessThan((long) ATTEMPTS * MOST_EVENTS_OF_AN_ATTEMPT);
        }
    }

    private static void fill(Platform machine, long at, byte value) {
        byte[] all = new byte[PAGE];
        Arrays.fill(all, value);
        machine.memory().write(at, all, 0, PAGE);
    }
}
