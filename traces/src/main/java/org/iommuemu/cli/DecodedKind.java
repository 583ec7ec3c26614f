// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.Locale;
import org.iommuemu.bits.Layout;
import org.iommuemu.capture.InputException;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.VtdFirstStage;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Ste;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.PageRequestDescriptor;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.jspecify.annotations.Nullable;

/** What can be decoded, SMMUv3's first, then VT-d's. */
enum DecodedKind {
    STE,
    L1STD,
    CD,
    L1CD,
    PTE,
    COMMAND,
    EVENT,
    ROOT,
    CONTEXT,
    SCALABLE_CONTEXT,
    PASID_DIRECTORY,
    PASID,
    FIRST_STAGE,
    SECOND_STAGE,
    IRTE,
    DESCRIPTOR,
    FAULT,
    PAGE_REQUEST,
    REGISTER;

    private static final int LAST_LEVEL = 3;
    private static final int TOP_LEVEL = 5;
    private static final int LARGEST_LEAF = 3;

    /** As users write it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The level of an entry if none is given: that of pages. */
    int pageLevel() {
        return this == PTE ? LAST_LEVEL : 1;
    }

    /**
     * The layout of a structure, of at least one word.
     *
     * @param level of a table entry
     * @throws InputException if it is none of this kind
     */
    Layout layout(long[] words, int level) {
        return switch (this) {
            case STE -> Ste.LAYOUT;
            case L1STD -> L1Std.LAYOUT;
            case CD -> Cd.LAYOUT;
            case L1CD -> L1Cd.LAYOUT;
            case PTE -> pte(words[0], level);
            case COMMAND ->
                known(Command.of(words[0]), words[0], "opcode", "a command").layout();
            case EVENT ->
                known(Event.of(words[0]), words[0], "type", "an event record").layout();
            case ROOT -> RootEntry.LAYOUT;
            case CONTEXT -> ContextEntry.LAYOUT;
            case SCALABLE_CONTEXT -> ScalableContextEntry.LAYOUT;
            case PASID_DIRECTORY -> PasidDirectoryEntry.LAYOUT;
            case PASID -> PasidEntry.LAYOUT;
            case FIRST_STAGE ->
                isTable(VtdFirstStage.PS.isSet(words[0]), level) ? VtdFirstStage.TABLE : VtdFirstStage.LEAF;
            case SECOND_STAGE ->
                isTable(VtdSecondStage.PS.isSet(words[0]), level) ? VtdSecondStage.TABLE : VtdSecondStage.LEAF;
            case IRTE -> Irte.LAYOUT;
            case DESCRIPTOR ->
                known(Descriptor.of(words[0]), words[0], "type", "an invalidation descriptor")
                        .layout();
            case FAULT -> FaultRecord.LAYOUT;
            case PAGE_REQUEST -> PageRequestDescriptor.LAYOUT;
            case REGISTER -> throw new IllegalStateException("a register has a name");
        };
    }

    private static <T> T known(@Nullable T found, long word, String field, String expected) {
        if (found == null) {
            throw new InputException(field + " of '" + Long.toHexString(word) + "' is reserved", expected);
        }
        return found;
    }

    private static Layout pte(long descriptor, int level) {
        if (level < -1 || level > LAST_LEVEL) {
            throw new InputException("--level is " + level, "-1 to 3");
        }
        if (level < LAST_LEVEL && Aarch64Descriptor.TYPE.get(descriptor) == 3) {
            return Aarch64Descriptor.TABLE;
        }
        return level == LAST_LEVEL ? Aarch64Descriptor.PAGE : Aarch64Descriptor.BLOCK;
    }

    private static boolean isTable(boolean large, int level) {
        if (level < 1 || level > TOP_LEVEL) {
            throw new InputException("--level is " + level, "1 to 5");
        }
        return level > LARGEST_LEAF || level > 1 && !large;
    }

    /** The first line. */
    String title(long[] words, Layout layout, int level) {
        return switch (this) {
            case COMMAND -> "CMD_" + Command.of(words[0]);
            case EVENT -> String.valueOf(Event.of(words[0]));
            case PTE, FIRST_STAGE, SECOND_STAGE -> layout.name() + ", level " + level;
            case FAULT -> layout.name() + " " + reason(FaultRecord.FR.getInt(words));
            default -> layout.name();
        };
    }

    private static String reason(int code) {
        FaultReason reason = FaultReason.of(code);
        String number = String.format("%Xh", code);
        return reason == null ? number : number + ", " + reason.field() + ": " + reason.text();
    }
}
