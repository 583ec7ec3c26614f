// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegisterFileTest {
    private static final Layout NOTHING = Layout.builder("nothing", 1, "").build();
    private static final Register ID = new Register("ID", 0x0, 4, 0xCAFE_F00DL, 0, 0, NOTHING);
    private static final Register CONTROL = new Register("CONTROL", 0x4, 4, 0x10, 0xFF, 0, NOTHING);
    private static final Register BASE = Register.writable("BASE", 0x10, 8, 0xF0FF_FFFF_FFFF_FFF0L, NOTHING);
    private static final Register STATUS =
            new Register("STATUS", 0x18, 8, -1L, 0x0000_00FF_0000_00FFL, 0xFF00_0000_FF00_0000L, NOTHING);
    private static final Register ALONE = Register.writable("ALONE", 0x2C, 4, 0xFFFF_FFFFL, NOTHING);

    private final RegisterFile file = new RegisterFile(List.of(ID, CONTROL, BASE, STATUS, ALONE));

    @Test
    void shouldStartInResetState() {
        assertThat(file.get(ID)).isEqualTo(0xCAFE_F00DL);
        assertThat(file.read(0x0, 4)).isEqualTo(0xCAFE_F00DL);
        assertThat(file.read(0x4, 4)).isEqualTo(0x10);
        assertThat(file.read(0x18, 8)).isEqualTo(-1L);
        assertThat(file.map()).containsExactly(ID, CONTROL, BASE, STATUS, ALONE);
    }

    @Test
    void shouldGoBackToResetStateWithoutRunningHandlers() {
        file.write(0x10, 8, -1L);
        file.onWrite(BASE, (old, requested) -> {
            throw new AssertionError("handler ran");
        });

        file.reset();

        assertThat(file.get(BASE)).isZero();
        assertThat(file.get(STATUS)).isEqualTo(-1L);
    }

    @Test
    void shouldWriteOnlyTheWritableBits() {
        file.write(0x10, 8, -1L);
        file.write(0x4, 4, 0xFFFF_FF0FL);

        assertThat(file.get(BASE)).isEqualTo(0xF0FF_FFFF_FFFF_FFF0L);
        assertThat(file.get(CONTROL)).isEqualTo(0x0F);
    }

    @Test
    void shouldIgnoreWritesOfAReadOnlyRegister() {
        file.onWrite(ID, (old, requested) -> {
            throw new AssertionError("handler ran");
        });

        file.write(0x0, 4, 0);

        assertThat(file.get(ID)).isEqualTo(0xCAFE_F00DL);
    }

    @Test
    void shouldWriteA64BitRegisterByHalves() {
        file.write(0x14, 4, 0x1234_5678L);
        assertThat(file.get(BASE)).isEqualTo(0x1034_5678_0000_0000L);

        file.write(0x10, 4, 0x9ABC_DEF7L);
        assertThat(file.get(BASE)).isEqualTo(0x1034_5678_9ABC_DEF0L);
        assertThat(file.read(0x10, 4)).isEqualTo(0x9ABC_DEF0L);
        assertThat(file.read(0x14, 4)).isEqualTo(0x1034_5678L);
    }

    @Test
    void shouldIgnoreBitsBeyondTheSizeOfAWrite() {
        file.write(0x10, 4, -1L);

        assertThat(file.get(BASE)).isEqualTo(0xFFFF_FFF0L);
    }

    @Test
    void shouldClearByWritingOne() {
        file.write(0x18, 8, 0x0100_0000_8000_0000L);

        assertThat(file.get(STATUS)).isEqualTo(0xFEFF_FF00_7FFF_FF00L);
    }

    @Test
    void shouldNotClearInTheHalfThatIsNotWritten() {
        file.write(0x1C, 4, 0xFF00_00FFL);
        assertThat(file.get(STATUS)).isEqualTo(0x00FF_FFFF_FFFF_FFFFL);

        file.write(0x18, 4, 0x0100_0000L);
        assertThat(file.get(STATUS)).isEqualTo(0x00FF_FFFF_FEFF_FF00L);
    }

    @Test
    void shouldNotSetByWritingOne() {
        file.set(STATUS, 0);

        file.write(0x18, 8, -1L);

        assertThat(file.get(STATUS)).isEqualTo(0x0000_00FF_0000_00FFL);
    }

    @Test
    void shouldTreatAnAccessToAPairAsTwoLowOneFirst() {
        List<String> order = new ArrayList<>();
        Register low = Register.writable("LOW", 0, 4, -1L, NOTHING);
        Register high = Register.writable("HIGH", 4, 4, -1L, NOTHING);
        RegisterFile pair = new RegisterFile(List.of(high, low));
        pair.onWrite(low, (old, requested) -> order.add("low " + Long.toHexString(requested)));
        pair.onWrite(high, (old, requested) -> order.add("high " + Long.toHexString(requested)));

        pair.write(0, 8, 0x8765_4321_FEDC_BA98L);

        assertThat(order).containsExactly("low fedcba98", "high 87654321");
        assertThat(file.read(0x0, 8)).isEqualTo(0x10_CAFE_F00DL);
    }

    @Test
    void shouldReadZeroAndIgnoreWritesInTheGapsOfAPair() {
        file.write(0x28, 8, 0x1111_1111_2222_2222L);

        assertThat(file.read(0x28, 8)).isEqualTo(0x1111_1111_0000_0000L);
        assertThat(file.get(ALONE)).isEqualTo(0x1111_1111L);
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({
        "0x0, 1",
        "0x0, 2",
        "0x0, 0",
        "0x0, 16",
        "0x0, -4",
        "0x1, 4",
        "0x2, 4",
        "0x4, 8",
        "0x14, 8",
        "0x8, 4",
        "0x30, 4",
        "0x30, 8",
        "0x7FFFFFFFFFFFFFF8, 8",
        "-4, 4",
        "-8, 8",
        "0x100000000, 4"
    })
    void shouldReadZeroAndIgnoreWritesWhereNoRegisterIsOrTheSizeIsIllegal(String offset, int size) {
        List<Long> before = values();

        file.write(Long.decode(offset), size, 0x5555_5555_5555_5555L);

        assertThat(file.read(Long.decode(offset), size)).isZero();
        assertThat(values()).isEqualTo(before);
    }

    @Test
    void shouldLeaveStoringToTheHandler() {
        List<Long> calls = new ArrayList<>();
        file.onWrite(CONTROL, (old, requested) -> {
            calls.add(old);
            calls.add(requested);
        });

        file.write(0x4, 4, 0xFFFL);
        assertThat(calls).containsExactly(0x10L, 0xFFL);
        assertThat(file.get(CONTROL)).isEqualTo(0x10);

        file.onWrite(CONTROL, (old, requested) -> file.set(CONTROL, requested));
        file.write(0x4, 4, 0x7);
        assertThat(file.get(CONTROL)).isEqualTo(7);
    }

    @Test
    void shouldShowTheHandlerTheWholeRegisterWhenAHalfIsWritten() {
        List<Long> calls = new ArrayList<>();
        file.set(BASE, 0x1000_0000_0000_0010L);
        file.onWrite(BASE, (old, requested) -> calls.add(requested));

        file.write(0x14, 4, 0x2000_0000L);

        assertThat(calls).containsExactly(0x2000_0000_0000_0010L);
    }

    @Test
    void shouldIgnoreWritesWhileTheGuardForbidsThem() {
        boolean[] open = {false};
        file.guard(BASE, () -> open[0]);

        file.write(0x10, 8, -1L);
        file.write(0x14, 4, -1L);
        assertThat(file.get(BASE)).isZero();

        open[0] = true;
        file.write(0x10, 8, 0x70);
        assertThat(file.get(BASE)).isEqualTo(0x70);
    }

    @Test
    void shouldNotRunTheHandlerOfAGuardedRegister() {
        file.guard(BASE, () -> false);
        file.onWrite(BASE, (old, requested) -> {
            throw new AssertionError("handler ran");
        });

        file.write(0x10, 8, -1L);

        assertThat(file.get(BASE)).isZero();
    }

    @Test
    void shouldSetFromTheHardwareSideWithoutMasksGuardsAndHandlers() {
        file.guard(ID, () -> false);

        file.set(ID, 1);

        assertThat(file.read(0x0, 4)).isEqualTo(1);
    }

    @Test
    void shouldRefuseRegistersThatOverlap() {
        Register inside = Register.writable("INSIDE", 0x14, 4, -1L, NOTHING);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RegisterFile(List.of(BASE, inside)))
                .withMessage("INSIDE overlaps BASE");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RegisterFile(List.of(inside, BASE)))
                .withMessage("BASE overlaps INSIDE");
    }

    @ParameterizedTest
    @CsvSource({"2, 4", "4, 8", "1, 8"})
    void shouldRefuseARegisterThatIsNotAligned(int offset, int bytes) {
        Register crooked = Register.writable("CROOKED", offset, bytes, -1L, NOTHING);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RegisterFile(List.of(crooked)))
                .withMessageContaining("CROOKED");
    }

    @Test
    void shouldRefuseARegisterOfAnotherMachine() {
        Register other = Register.writable("OTHER", 0x4, 4, -1L, NOTHING);
        Register outside = Register.writable("OUTSIDE", 0x8, 4, -1L, NOTHING);

        assertThatIllegalArgumentException().isThrownBy(() -> file.get(other)).withMessageContaining("OTHER");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> file.set(outside, 1))
                .withMessageContaining("OUTSIDE");
    }

    private List<Long> values() {
        return file.map().stream().map(file::get).toList();
    }

    @Test
    void shouldShowEveryWriteBeforeItTakesEffect() {
        List<String> seen = new ArrayList<>();
        file.observe((register, old, value, writable) ->
                seen.add(String.format("%s %x %x %s %x", register.name(), old, value, writable, file.get(register))));
        file.guard(CONTROL, () -> false);

        file.write(0x0, 4, 1);
        file.write(0x4, 4, 0xF0F);
        file.write(0x10, 8, 0x123L);
        file.write(0x14, 4, 0x7L);
        file.write(0x100, 4, 1);
        file.write(0x4, 2, 1);

        assertThat(seen)
                .containsExactly(
                        "ID cafef00d 1 false cafef00d",
                        "CONTROL 10 f0f false 10",
                        "BASE 0 123 true 0",
                        "BASE 120 700000120 true 120");
    }

    @Test
    void shouldShowNothingOnceNobodyObserves() {
        file.observe((register, old, value, writable) -> {
            throw new AssertionError("observed");
        });
        file.observe(null);

        file.write(0x4, 4, 0x0F);

        assertThat(file.get(CONTROL)).isEqualTo(0x0F);
    }
}
