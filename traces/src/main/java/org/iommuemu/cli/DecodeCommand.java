// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.iommuemu.bits.Layout;
import org.iommuemu.capture.InputException;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.report.Decoded;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code decode}: structures into named fields. */
@Command(
        name = "decode",
        mixinStandardHelpOptions = true,
        description = "Takes a structure apart into the specification's named fields.")
final class DecodeCommand implements Callable<Integer> {
    /** What can be decoded. */
    enum Kind {
        STE,
        L1STD,
        CD,
        L1CD,
        PTE,
        COMMAND,
        EVENT
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}")
    private Kind kind = Kind.STE;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "HEX",
            description = "64-bit words, lowest first; separated by blanks, commas or '-'")
    private List<String> words = List.of();

    @Option(names = "--level", paramLabel = "N", description = "level of a PTE, 0 to 3 (default: ${DEFAULT-VALUE})")
    private int level = Aarch64Stage1.LAST_LEVEL;

    @Override
    public Integer call() {
        long[] structure = parse();
        Layout layout = layout(structure);
        if (structure.length != layout.words()) {
            throw new InputException(
                    structure.length + " words given",
                    layout.words() + " for " + kind.name().toLowerCase(Locale.ROOT));
        }
        Output.out(spec).print(Decoded.text(title(structure, layout), layout, structure));
        return Main.DONE;
    }

    private long[] parse() {
        List<String> parts = new ArrayList<>();
        words.forEach(w -> parts.addAll(Arrays.asList(w.split("[-,]"))));
        if (parts.isEmpty()) {
            throw new InputException("no word given", "at least one");
        }
        return parts.stream().mapToLong(Numbers::hexWord).toArray();
    }

    private Layout layout(long[] structure) {
        return switch (kind) {
            case STE -> Ste.LAYOUT;
            case L1STD -> L1Std.LAYOUT;
            case CD -> Cd.LAYOUT;
            case L1CD -> L1Cd.LAYOUT;
            case PTE -> pte(structure[0]);
            case COMMAND -> {
                var command = org.iommuemu.smmuv3.spec.Command.of(structure[0]);
                if (command == null) {
                    throw new InputException("opcode of '" + words.get(0) + "' is reserved", "a command");
                }
                yield command.layout();
            }
            case EVENT -> {
                Event event = Event.of(structure[0]);
                if (event == null) {
                    throw new InputException("type of '" + words.get(0) + "' is reserved", "an event record");
                }
                yield event.layout();
            }
        };
    }

    private Layout pte(long descriptor) {
        if (level < -1 || level > Aarch64Stage1.LAST_LEVEL) {
            throw new InputException("--level is " + level, "-1 to 3");
        }
        boolean table = level < Aarch64Stage1.LAST_LEVEL && Aarch64Descriptor.TYPE.get(descriptor) == 3;
        if (table) {
            return Aarch64Descriptor.TABLE;
        }
        return level == Aarch64Stage1.LAST_LEVEL ? Aarch64Descriptor.PAGE : Aarch64Descriptor.BLOCK;
    }

    private String title(long[] structure, Layout layout) {
        return switch (kind) {
            case COMMAND -> "CMD_" + org.iommuemu.smmuv3.spec.Command.of(structure[0]);
            case EVENT -> String.valueOf(Event.of(structure[0]));
            case PTE -> layout.name() + ", level " + level;
            default -> layout.name();
        };
    }
}
