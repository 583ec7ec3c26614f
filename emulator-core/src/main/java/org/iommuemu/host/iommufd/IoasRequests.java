// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.iommufd.spec.IoasStructures.Alloc;
import org.iommuemu.host.iommufd.spec.IoasStructures.AllowIovas;
import org.iommuemu.host.iommufd.spec.IoasStructures.ChangeProcess;
import org.iommuemu.host.iommufd.spec.IoasStructures.Copy;
import org.iommuemu.host.iommufd.spec.IoasStructures.Destroy;
import org.iommuemu.host.iommufd.spec.IoasStructures.IovaRanges;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapFile;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapUser;
import org.iommuemu.host.iommufd.spec.IoasStructures.Option;
import org.iommuemu.host.iommufd.spec.IoasStructures.Range;
import org.iommuemu.host.iommufd.spec.IoasStructures.Unmap;
import org.iommuemu.host.iommufd.spec.IoasStructures.VfioIoas;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.MemoryFile;
import org.jspecify.annotations.Nullable;

/** Requests that concern I/O address spaces and the whole file, out of their structures. */
final class IoasRequests {
    private static final int MAP_FLAGS = MapUser.FIXED_IOVA | MapUser.WRITEABLE | MapUser.READABLE;

    private final Iommufd iommufd;

    IoasRequests(Iommufd iommufd) {
        this.iommufd = iommufd;
    }

    Result<Done> destroy(Call call) {
        return iommufd.destroy(call.getInt(Destroy.ID));
    }

    Result<Done> allocate(Call call) {
        return call.zero(Alloc.FLAGS)
                .then(done -> iommufd.ioas().allocate())
                .then(id -> call.respond(Alloc.OUT_IOAS_ID, id, () -> iommufd.destroy(id)));
    }

    Result<Done> ranges(Call call) {
        return call.zero(IovaRanges.RESERVED)
                .then(done -> iommufd.ioas().usable(call.getInt(IovaRanges.IOAS_ID)))
                .then(usable -> {
                    List<IovaRange> ranges = usable.ranges();
                    long room = call.get(IovaRanges.NUM_IOVAS);
                    long at = call.get(IovaRanges.ALLOWED_IOVAS);
                    for (int i = 0; i < Math.min(room, ranges.size()); i++) {
                        ByteBuffer range = ByteBuffer.allocate(Range.BYTES);
                        Range.START.put(range, ranges.get(i).start());
                        Range.LAST.put(range, ranges.get(i).last());
                        Result<Done> written = call.memory().write(at + (long) i * Range.BYTES, range);
                        if (!written.isOk()) {
                            return written;
                        }
                    }
                    call.put(IovaRanges.NUM_IOVAS, ranges.size());
                    call.put(IovaRanges.OUT_IOVA_ALIGNMENT, usable.alignment());
                    return call.respond()
                            .then(done -> ranges.size() <= room
                                    ? done()
                                    : Result.err(Errno.EMSGSIZE, ranges.size() + " ranges"));
                });
    }

    private static Result<Done> done() {
        return Result.done();
    }

    Result<Done> allow(Call call) {
        int ioas = call.getInt(AllowIovas.IOAS_ID);
        Result<?> known =
                call.zero(AllowIovas.RESERVED).then(done -> iommufd.ioas().usable(ioas));
        if (!known.isOk()) {
            return known.fail();
        }
        List<IovaRange> ranges = new ArrayList<>();
        for (long i = 0; i < call.get(AllowIovas.NUM_IOVAS); i++) {
            Result<ByteBuffer> range =
                    call.memory().read(call.get(AllowIovas.ALLOWED_IOVAS) + i * Range.BYTES, Range.BYTES);
            if (!range.isOk()) {
                return range.fail();
            }
            IovaRange next = new IovaRange(Range.START.get(range.value()), Range.LAST.get(range.value()));
            if (Long.compareUnsigned(next.start(), next.last()) >= 0
                    || ranges.stream().anyMatch(next::overlaps)) {
                return Result.err(Errno.EINVAL, "range " + next);
            }
            ranges.add(next);
        }
        return iommufd.ioas().allow(ioas, ranges);
    }

    private static int permissions(int flags) {
        return ((flags & MapUser.READABLE) != 0 ? IommuDriver.READ : 0)
                | ((flags & MapUser.WRITEABLE) != 0 ? IommuDriver.WRITE : 0);
    }

    private static @Nullable Long fixed(Call call, StructureField flags, StructureField iova) {
        return (call.getInt(flags) & MapUser.FIXED_IOVA) != 0 ? call.get(iova) : null;
    }

    /** EOPNOTSUPP for unknown flags; EOVERFLOW for an IOVA that is no IOVA, even if it is not asked for. */
    private static Result<Done> checkMap(Call call, StructureField flags, StructureField iova) {
        if ((call.getInt(flags) & ~MAP_FLAGS) != 0) {
            return Call.unsupported("flags 0x" + Integer.toHexString(call.getInt(flags)));
        }
        return call.get(iova) == -1 ? Result.err(Errno.EOVERFLOW, "an IOVA") : Result.done();
    }

    Result<Done> map(Call call) {
        int ioas = call.getInt(MapUser.IOAS_ID);
        int flags = call.getInt(MapUser.FLAGS);
        long length = call.get(MapUser.LENGTH);
        return call.zero(MapUser.RESERVED)
                .then(done -> checkMap(call, MapUser.FLAGS, MapUser.IOVA))
                .then(done -> iommufd.ioas()
                        .map(
                                ioas,
                                call.space(),
                                call.get(MapUser.USER_VA),
                                length,
                                fixed(call, MapUser.FLAGS, MapUser.IOVA),
                                permissions(flags)))
                .then(at -> call.respond(MapUser.IOVA, at, () -> iommufd.ioas().unmap(ioas, at, length)));
    }

    Result<Done> copy(Call call) {
        int to = call.getInt(Copy.DST_IOAS_ID);
        long length = call.get(Copy.LENGTH);
        return checkMap(call, Copy.FLAGS, Copy.DST_IOVA)
                .then(done -> iommufd.ioas()
                        .copy(
                                to,
                                call.getInt(Copy.SRC_IOAS_ID),
                                call.get(Copy.SRC_IOVA),
                                length,
                                fixed(call, Copy.FLAGS, Copy.DST_IOVA),
                                permissions(call.getInt(Copy.FLAGS))))
                .then(at -> call.respond(Copy.DST_IOVA, at, () -> iommufd.ioas().unmap(to, at, length)));
    }

    /** What was unmapped stays so if its length cannot be told. */
    Result<Done> unmap(Call call) {
        return iommufd.ioas()
                .unmap(call.getInt(Unmap.IOAS_ID), call.get(Unmap.IOVA), call.get(Unmap.LENGTH))
                .then(bytes -> call.respond(Unmap.LENGTH, bytes, () -> {}));
    }

    /** EBADF for what is not open, EINVAL for a file without pages of its own. */
    Result<Done> mapFile(Call call) {
        int ioas = call.getInt(MapFile.IOAS_ID);
        long length = call.get(MapFile.LENGTH);
        AddressSpace space = call.space();
        return checkMap(call, MapFile.FLAGS, MapFile.IOVA)
                .then(done -> iommufd.ioas().usable(ioas))
                .then(usable -> call.caller().process().files().get(call.getInt(MapFile.FD)))
                .then(file -> space != null && file instanceof MemoryFile memory
                        ? iommufd.ioas()
                                .mapFile(
                                        ioas,
                                        space,
                                        memory,
                                        call.get(MapFile.START),
                                        length,
                                        fixed(call, MapFile.FLAGS, MapFile.IOVA),
                                        permissions(call.getInt(MapFile.FLAGS)))
                        : Result.<Long>err(Errno.EINVAL, "a file without pages"))
                .then(at -> call.respond(MapFile.IOVA, at, () -> iommufd.ioas().unmap(ioas, at, length)));
    }

    Result<Done> changeProcess(Call call) {
        return call.zero(ChangeProcess.RESERVED).then(done -> iommufd.changeProcess(call.space()));
    }

    Result<Done> option(Call call) {
        Result<Done> reserved = call.zero(Option.RESERVED);
        if (!reserved.isOk()) {
            return reserved;
        }
        int op = call.getInt(Option.OP);
        boolean set = op == Option.OP_SET;
        int object = call.getInt(Option.OBJECT_ID);
        if (call.getInt(Option.OPTION_ID) == Option.HUGE_PAGES) {
            return iommufd.ioas().hugePages(object).then(now -> {
                if (!set && op != Option.OP_GET) {
                    return Call.unsupported("operation " + op);
                }
                return set
                        ? iommufd.ioas()
                                .hugePages(object, call.get(Option.VAL64))
                                .then(done -> call.respond())
                        : call.respond(Option.VAL64, now ? 1 : 0, () -> {});
            });
        }
        boolean known = call.getInt(Option.OPTION_ID) == Option.RLIMIT_MODE && object == 0;
        if (!known || !set && op != Option.OP_GET) {
            return Call.unsupported("option " + call.getInt(Option.OPTION_ID));
        }
        boolean capable = call.caller().process().credentials().euid() == 0;
        return set
                ? iommufd.countBy(capable, call.get(Option.VAL64)).then(done -> call.respond())
                : call.respond(Option.VAL64, iommufd.countsByProcess() ? 1 : 0, () -> {});
    }

    Result<Done> compatibility(Call call) {
        Result<Done> reserved = call.zero(VfioIoas.RESERVED);
        if (!reserved.isOk()) {
            return reserved;
        }
        switch (call.getInt(VfioIoas.OP)) {
            case VfioIoas.GET -> {
                return iommufd.compatibility().then(id -> call.respond(VfioIoas.IOAS_ID, id, () -> {}));
            }
            case VfioIoas.SET -> {
                return iommufd.compatibility(call.getInt(VfioIoas.IOAS_ID));
            }
            case VfioIoas.CLEAR -> {
                iommufd.clearCompatibility();
                return Result.done();
            }
            default -> {
                return Call.unsupported("operation " + call.getInt(VfioIoas.OP));
            }
        }
    }
}
