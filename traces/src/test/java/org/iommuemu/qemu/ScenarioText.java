// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.HexFormat;
import java.util.List;

/** A program as a scenario, with what QEMU did as its expectations: for {@code check} and {@code explain}. */
final class ScenarioText {
    private ScenarioText() {}

    /** One line of a scenario file. */
    static String of(Program program, List<Program.Seen> seen, Side qemu) {
        Target target = program.target();
        StringBuilder text = new StringBuilder("{\"name\":\"qemu." + target + "." + program.seed() + "\",\"iommu\":\"")
                .append(target.isArm() ? "smmuv3" : "vtd")
                .append("\",\"features\":{");
        for (String id : target.isArm()
                ? List.of("idr0 0", "idr1 4", "idr3 12", "idr5 20", "iidr 24", "aidr 28")
                : List.of("ver 0", "cap 8", "ecap 16")) {
            String[] words = id.split(" ", 2);
            int size = words[0].endsWith("cap") ? 8 : 4;
            text.append('"').append(words[0]).append("\":");
            text.append(number(qemu.readRegister(Long.parseLong(words[1]), size)))
                    .append(',');
        }
        text.append("\"ram\":[{\"base\":").append(number(target.memory));
        text.append(",\"size\":").append(number(Target.MEMORY_BYTES)).append("}]},\"steps\":[");
        int dmas = 0;
        for (int i = 0; i < program.ops().size(); i++) {
            Op op = program.ops().get(i);
            text.append(i == 0 ? "" : ",").append(step(program, op, seen.get(i), dmas));
            dmas += op instanceof Op.Dma ? 1 : 0;
        }
        return text.append("]}\n").toString();
    }

    private static String step(Program program, Op op, Program.Seen seen, int dmas) {
        if (op instanceof Op.Store s) {
            return "{\"op\":\"mem_write\",\"addr\":" + number(s.address()) + ",\"data\":\"" + hex(s.data()) + "\"}";
        } else if (op instanceof Op.Write w) {
            return "{\"op\":\"mmio_write\",\"offset\":" + number(w.offset()) + ",\"size\":" + w.size() + ",\"value\":"
                    + number(w.value()) + "}";
        } else if (op instanceof Op.Read r) {
            String value = seen.what().substring(seen.what().lastIndexOf(' ') + 1);
            return "{\"op\":\"mmio_read\",\"offset\":" + number(r.offset()) + ",\"size\":" + r.size() + ",\"expect\":\""
                    + value + "\",\"mask\":" + number(r.mask()) + "}";
        } else if (op instanceof Op.Dma d) {
            boolean ok = seen.records().isEmpty();
            byte[] data = d.toMemory() ? program.payload(dmas, d.bytes()) : seen.bytes();
            return "{\"op\":\"dma\",\"requester\":" + number((long) Side.SLOTS[d.device()] << 3) + ",\"iova\":"
                    + number(d.iova()) + ",\"length\":" + d.bytes() + ",\"write\":" + d.toMemory()
                    + (ok || d.toMemory() ? ",\"data\":\"" + hex(data) + "\"" : "") + ",\"expect\":\""
                    + (ok ? "ok" : "abort") + "\"}";
        }
        throw new IllegalStateException("an op of no kind: " + op);
    }

    private static String number(long value) {
        return "\"0x" + Long.toHexString(value) + "\"";
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
