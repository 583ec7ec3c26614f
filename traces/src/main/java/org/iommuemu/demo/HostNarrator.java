// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.iommuemu.bits.DecodedField;
import org.iommuemu.bits.Layout;
import org.iommuemu.host.call.Errno;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.vtd.Vtd;

/** Tells of what the kernel does: the calls, the structures that its driver writes, the commands that the IOMMU takes. */
final class HostNarrator {
    private static final String PROGRAM = "program";
    private static final String DRIVER = "driver";
    private static final String IOMMU = "IOMMU";

    private record Watched(int stream, int pasid) {}

    private final Platform machine;
    private final Story story;
    private final Set<Watched> watched = new LinkedHashSet<>();
    private final Map<Long, long[]> seen = new HashMap<>();

    /** Tells from now on what commands are taken. */
    HostNarrator(Platform machine, Story story) {
        this.machine = machine;
        this.story = story;
        SmmuV3 smmu = machine.smmu();
        Vtd vtd = machine.vtd();
        if (smmu != null) {
            smmu.observeSoftware(null, (command, word0, word1) -> {
                written();
                story.tell(IOMMU, "takes " + command + fields(command.layout(), word0, word1));
            });
        } else if (vtd != null) {
            vtd.observeSoftware(null, (descriptor, word0, word1) -> {
                written();
                story.tell(IOMMU, "takes " + descriptor + fields(descriptor.layout(), word0, word1));
            });
        }
    }

    /**
     * Tells of the structures of a PASID from now on.
     *
     * @param pasid 0 for requests without
     */
    void watch(int stream, int pasid) {
        watched.add(new Watched(stream, pasid));
    }

    /** Tells of a call, what it leads to, and what it returns. */
    long call(String what, LongSupplier call) {
        story.tell(PROGRAM, what);
        long returned = call.getAsLong();
        written();
        story.tell(PROGRAM, "  = " + (returned < 0 ? error(-returned) : Long.toString(returned)));
        return returned;
    }

    private static String error(long number) {
        return Arrays.stream(Errno.values())
                .filter(e -> e.number() == number)
                .map(e -> "-" + e)
                .findFirst()
                .orElse(Long.toString(-number));
    }

    /** Tells of the structures that have changed. */
    void written() {
        for (Watched w : watched) {
            for (Structures.Structure s : Structures.of(machine, w.stream, w.pasid)) {
                long[] before = seen.put(s.address(), s.words());
                boolean same = before == null ? s.isEmpty() : Arrays.equals(before, s.words());
                if (!same) {
                    story.tell(
                            DRIVER,
                            "writes the " + s.layout().name() + " of " + s.of() + ":"
                                    + (s.isEmpty() ? " nothing" : fields(s.layout(), s.words())));
                }
            }
        }
    }

    private static String fields(Layout layout, long... words) {
        StringBuilder out = new StringBuilder();
        List<DecodedField> fields = layout.decode(words);
        for (DecodedField f : fields) {
            if (f.value() != 0 && !isKind(f)) {
                out.append(String.format(Locale.ROOT, " %s=%s", f.field().name(), value(f)));
            }
        }
        return out.toString();
    }

    /** What the name has said already. */
    private static boolean isKind(DecodedField f) {
        String name = f.field().name();
        return name.equals("Opcode") || name.startsWith("Type");
    }

    private static String value(DecodedField f) {
        return f.meaning().isEmpty() ? f.text() : f.meaning().replace(' ', '-');
    }
}
