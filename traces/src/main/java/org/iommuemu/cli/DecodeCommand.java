// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.iommuemu.capture.InputException;
import org.iommuemu.report.Decoded;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.spec.VtdRegisters;
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
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}")
    private DecodedKind kind = DecodedKind.STE;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "HEX",
            description =
                    "64-bit words, lowest first; separated by blanks, commas or '-'; of a register its name comes first")
    private List<String> words = List.of();

    @Option(
            names = "--level",
            paramLabel = "N",
            description =
                    "level of a table entry: of a pte 0 to 3, where 3 has pages; of first-stage and second-stage 1 to 5,"
                            + " where 1 has pages (default: that of pages)")
    private @Nullable Integer level;

    @Override
    public Integer call() {
        if (kind == DecodedKind.REGISTER) {
            register();
            return Main.DONE;
        }
        long[] structure = parse(words);
        int given = level == null ? kind.pageLevel() : level;
        Layout layout = kind.layout(structure, given);
        structure = withoutPadding(structure);
        if (structure.length != layout.words()) {
            throw new InputException(structure.length + " words given", layout.words() + " for " + kind);
        }
        Output.out(spec).print(Decoded.text(kind.title(structure, layout, given), layout, structure));
        return Main.DONE;
    }

    /** A descriptor of 128 bits may stand in a queue of 256-bit ones. */
    private long[] withoutPadding(long[] structure) {
        boolean padded = kind == DecodedKind.DESCRIPTOR && structure.length == 4 && (structure[2] | structure[3]) == 0;
        return padded ? Arrays.copyOf(structure, 2) : structure;
    }

    private void register() {
        String name = words.get(0).toUpperCase(Locale.ROOT);
        Layout layout = Stream.concat(Registers.map().stream(), VtdRegisters.map().stream())
                .filter(r -> r.name().equals(name) || r.name().equals("SMMU_" + name))
                .map(Register::layout)
                .findFirst()
                .orElse(
                        name.equals("IVA")
                                ? VtdRegisters.IVA_LAYOUT
                                : name.equals("IOTLB") ? VtdRegisters.IOTLB_LAYOUT : null);
        if (layout == null) {
            throw new InputException("there is no register '" + words.get(0) + "'", "one of an SMMUv3 or a VT-d unit");
        }
        long[] value = parse(words.subList(1, words.size()));
        if (value.length != 1) {
            throw new InputException(value.length + " words given", "1 for " + name);
        }
        Output.out(spec).print(Decoded.text(name, layout, value));
    }

    private static long[] parse(List<String> given) {
        List<String> parts = new ArrayList<>();
        given.forEach(w -> parts.addAll(Arrays.asList(w.split("[-,]"))));
        if (parts.isEmpty()) {
            throw new InputException("no word given", "at least one");
        }
        return parts.stream().mapToLong(Numbers::hexWord).toArray();
    }
}
