// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes joined traces, row by row. */
final class Rows {
    private final StringBuilder text = new StringBuilder(
            "n,t_us,source,kind,op,sid,device,asid,iova,size,pa,perm,ref,partner,partner_kind,check,cpu,task\n");
    private int number;

    private Rows row(String format, Object... values) {
        text.append(++number).append(',').append(String.format(format, values)).append('\n');
        return this;
    }

    Rows map(long time, int stream, int domain, long iova, int bytes, long pa, String ref) {
        return row("%d,guest,map,,0x%x,,%d,0x%x,%d,0x%x,,%s,,,,0,", time, stream, domain, iova, bytes, pa, ref);
    }

    Rows unmap(long time, int stream, int domain, long iova, int bytes, String ref, String partner) {
        return unmap(time, stream, domain, iova, bytes, ref, partner, 0);
    }

    Rows unmap(long time, int stream, int domain, long iova, int bytes, String ref, String partner, int cpu) {
        return row(
                "%d,guest,unmap,,0x%x,,%d,0x%x,%d,,,%s,%s,,,%d,", time, stream, domain, iova, bytes, ref, partner, cpu);
    }

    Rows dma(long time, int stream, int domain, long iova, long pa, String partner, String check) {
        return row(
                "%d,qemu,dma,translate,0x%x,,%d,0x%x,,0x%x,RW,q%d,%s,,%s,,",
                time, stream, domain, iova, pa, number, partner, check);
    }

    /** A command of a range. */
    Rows range(long time, String op, int domain, long iova, int bytes, String ref, String partner) {
        return row("%d,qemu,inv,%s,,,%d,0x%x,%d,,,%s,%s,,,,", time, op, domain, iova, bytes, ref, partner);
    }

    /** A command of a domain. */
    Rows domain(long time, String op, int domain, String ref, String partner) {
        return row("%d,qemu,inv,%s,,,%d,,,,,%s,%s,,,,", time, op, domain, ref, partner);
    }

    /** A command without operands that are recorded. */
    Rows plain(long time, String op, String ref) {
        return row("%d,qemu,inv,%s,,,,,,,,%s,,,,,", time, op, ref);
    }

    Path write(Path folder) {
        try {
            return Files.writeString(folder.resolve("joined.csv"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
