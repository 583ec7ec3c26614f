// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class LayoutTest {
    private static final Layout.Builder B = Layout.builder("Example", 2, "IHI 0000 §1.2");
    private static final BitField VALID = B.bit("V", 0, "invalid", "valid");
    private static final BitField KIND = B.field("Kind", 3, 1, "none", "first", "second");
    private static final BitField POINTER = B.address("Pointer", 51, 12);
    private static final BitField WORD = B.field("Word", 127, 64, "zero");
    private static final Layout EXAMPLE = B.build();

    @Test
    void shouldKeepNameSizeAndSource() {
        assertThat(EXAMPLE.name()).isEqualTo("Example");
        assertThat(EXAMPLE.words()).isEqualTo(2);
        assertThat(EXAMPLE.source()).isEqualTo("IHI 0000 §1.2");
        assertThat(EXAMPLE).hasToString("Example (IHI 0000 §1.2)");
    }

    @Test
    void shouldListFieldsInTheOrderOfDeclaration() {
        assertThat(EXAMPLE.fields()).containsExactly(VALID, KIND, POINTER, WORD);
    }

    @Test
    void shouldTakeAStructureApart() {
        assertThat(EXAMPLE.decode(0x0000_0001_2345_6005L, 0))
                .containsExactly(
                        new DecodedField(VALID, 1, "valid"),
                        new DecodedField(KIND, 2, "second"),
                        new DecodedField(POINTER, 0x12_3456, ""),
                        new DecodedField(WORD, 0, "zero"));
    }

    @Test
    void shouldGiveNoMeaningToAnEncodingWithoutAName() {
        assertThat(EXAMPLE.decode(7 << 1, -1L))
                .extracting(DecodedField::meaning)
                .containsExactly("invalid", "", "", "");
    }

    @Test
    void shouldIgnoreWhatLiesBehindTheStructure() {
        assertThat(EXAMPLE.decode(0, 0, -1, -1)).extracting(DecodedField::value).containsOnly(0L);
    }

    @Test
    void shouldRefuseAFieldOutsideTheStructure() {
        Layout.Builder small = Layout.builder("Small", 1, "");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> small.bit("Far", 64))
                .withMessage("Far lies outside Small");
    }

    @Test
    void shouldNotLetFieldsBeChangedFromOutside() {
        assertThat(EXAMPLE.fields()).isUnmodifiable();
    }

    @Test
    void shouldTakeOverFieldsThatAnotherLayoutDeclared() {
        Layout record = Layout.builder("Record", 1, "").with(VALID, KIND).build();

        assertThat(record.fields()).containsExactly(VALID, KIND);
    }

    @Test
    void shouldNameTheEncodingsOfASharedFieldForItselfAlone() {
        Layout other = Layout.builder("Other", 1, "")
                .named(VALID, "off", "on")
                .named(KIND)
                .build();

        assertThat(other.decode(1)).extracting(DecodedField::meaning).containsExactly("on", "");
        assertThat(EXAMPLE.decode(1, 0).get(0).meaning()).isEqualTo("valid");
    }

    @Test
    void shouldCallARegisterReadOnlyWhenSoftwareCanChangeNothing() {
        assertThat(Register.readOnly("IDR", 0, 4, EXAMPLE).isReadOnly()).isTrue();
        assertThat(Register.writable("CR", 4, 4, 1, EXAMPLE).isReadOnly()).isFalse();
        assertThat(new Register("STATUS", 8, 4, 0, 0, 1, EXAMPLE).isReadOnly()).isFalse();
    }
}
