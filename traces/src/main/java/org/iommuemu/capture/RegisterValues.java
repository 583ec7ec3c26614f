// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The registers in force at a stop: {@code registers.json}. A 64-bit register usually is two entries, low word first.
 */
public final class RegisterValues {
    static final String SMMU_V3 = "SMMUv3";
    static final String VT_D = "VT-d";

    /** Far beyond any register file; keeps offset arithmetic clear of overflow. */
    private static final int OFFSET_BITS = 40;

    private final String device;
    private final OptionalLong mmioBase;
    private final List<RegisterValue> list;
    private final Map<Long, Integer> words;

    private RegisterValues(String device, OptionalLong mmioBase, List<RegisterValue> list, Map<Long, Integer> words) {
        this.device = device;
        this.mmioBase = mmioBase;
        this.list = List.copyOf(list);
        this.words = words;
    }

    /**
     * Reads {@code registers.json} of a folder.
     *
     * @throws InputException if it is missing or wrong
     */
    public static RegisterValues read(Path folder) {
        final JsonObject json = JsonObject.read(folder.resolve("registers.json"));
        final String device = json.text("device");
        if (!device.equals(SMMU_V3) && !device.equals(VT_D)) {
            throw json.wrong("device", SMMU_V3 + " or " + VT_D);
        }
        final OptionalLong base =
                json.has("mmio_base") ? OptionalLong.of(json.number("mmio_base")) : OptionalLong.empty();
        final List<RegisterValue> list = new ArrayList<>();
        final Map<Long, Integer> words = new HashMap<>();
        for (JsonObject entry : json.objects("registers")) {
            final RegisterValue register = register(entry);
            list.add(register);
            for (int at = 0; at < register.size(); at += 4) {
                final int word = (int) (register.value() >>> 8 * at);
                if (words.put(register.offset() + at, word) != null) {
                    throw entry.wrong("offset", "registers that do not overlap");
                }
            }
        }
        return new RegisterValues(device, base, list, words);
    }

    private static RegisterValue register(JsonObject entry) {
        final int size = (int) entry.number("size", 4, 8);
        if (size != 4 && size != 8) {
            throw entry.wrong("size", "4 or 8");
        }
        final long offset = entry.number("offset", 0, (1L << OFFSET_BITS) - 1);
        if ((offset & 3) != 0) {
            throw entry.wrong("offset", "a multiple of 4");
        }
        final long value = entry.number("value");
        if (size == 4 && value >>> 32 != 0) {
            throw entry.wrong("value", "a value of 32 bits");
        }
        return new RegisterValue(offset, entry.has("name") ? entry.text("name") : "", size, value);
    }

    /** {@code SMMUv3} or {@code VT-d}. */
    public String device() {
        return device;
    }

    /** Physical address of the registers, where recorded. */
    public OptionalLong mmioBase() {
        return mmioBase;
    }

    /** All registers in the file's order. */
    public List<RegisterValue> list() {
        return list;
    }

    /** The 32-bit word at an offset, zero-extended; empty if it was not recorded. */
    public OptionalLong get32(long offset) {
        final Integer word = words.get(offset);
        return word == null ? OptionalLong.empty() : OptionalLong.of(word & 0xffffffffL);
    }

    /** The 64 bits at an offset; empty unless both words were recorded. */
    public OptionalLong get64(long offset) {
        final Integer low = words.get(offset);
        final Integer high = words.get(offset + 4);
        return low == null || high == null
                ? OptionalLong.empty()
                : OptionalLong.of((long) high << 32 | low & 0xffffffffL);
    }
}
