// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.iommufd.spec.HwptStructures.Invalidate;
import org.iommuemu.host.iommufd.spec.HwptStructures.SmmuCommand;
import org.iommuemu.host.iommufd.spec.HwptStructures.VtdInvalidate;
import org.jspecify.annotations.Nullable;

/** A guest's invalidations, entry by entry, until one cannot be done. */
final class Invalidations {
    /**
     * What they came to.
     *
     * @param processed entries before the first that was not
     */
    record Outcome(long processed, Result<Done> result) {}

    private final Iommufd iommufd;
    private final Call call;

    Invalidations(Iommufd iommufd, Call call) {
        this.iommufd = iommufd;
        this.call = call;
    }

    Outcome perform() {
        Result<Done> reserved = call.zero(Invalidate.RESERVED);
        if (!reserved.isOk()) {
            return new Outcome(0, reserved);
        }
        long entries = call.get(Invalidate.ENTRY_NUM);
        if (entries > 0 && (call.get(Invalidate.DATA_UPTR) == 0 || call.get(Invalidate.ENTRY_LEN) == 0)) {
            return new Outcome(0, Result.err(Errno.EINVAL, "entries that are nowhere, or of no length"));
        }
        IommufdObject of = iommufd.objects().get(call.getInt(Invalidate.HWPT_ID));
        Result<Done> possible = check(of);
        if (!possible.isOk()) {
            return new Outcome(0, possible);
        }
        for (long i = 0; i < entries; i++) {
            long at = call.get(Invalidate.DATA_UPTR) + i * call.get(Invalidate.ENTRY_LEN);
            Result<Done> one = of instanceof Viommu viommu
                    ? command(viommu, at)
                    : range((NestedHwpt) Objects.requireNonNull(of), at);
            if (!one.isOk()) {
                return new Outcome(i, one);
            }
        }
        return new Outcome(entries, Result.done());
    }

    private Result<Done> check(@Nullable IommufdObject of) {
        if (of == null) {
            return Result.err(Errno.ENOENT, "a table or guest's IOMMU");
        }
        boolean known = of instanceof NestedHwpt || of instanceof Viommu;
        if (known && of instanceof NestedHwpt nested && nested.viommu() != null) {
            return Call.unsupported("invalidations of a guest's contexts, which its IOMMU takes");
        }
        int type = of instanceof Viommu ? Invalidate.DATA_ARM_SMMUV3 : Invalidate.DATA_VTD_S1;
        return known && call.getInt(Invalidate.DATA_TYPE) == type
                ? Result.done()
                : Result.err(Errno.EINVAL, "invalidations of " + of);
    }

    private Result<ByteBuffer> entry(long at, int bytes) {
        return call.memory().structure(at, call.get(Invalidate.ENTRY_LEN), bytes, bytes);
    }

    private Result<Done> range(NestedHwpt nested, long at) {
        return entry(at, VtdInvalidate.BYTES).then(e -> {
            if ((VtdInvalidate.FLAGS.getInt(e) & ~VtdInvalidate.LEAF) != 0 || VtdInvalidate.RESERVED.get(e) != 0) {
                return Call.unsupported("flags of an invalidation");
            }
            return iommufd.hwpts().invalidate(nested.id(), VtdInvalidate.ADDR.get(e), VtdInvalidate.NPAGES.get(e));
        });
    }

    private Result<Done> command(Viommu viommu, long at) {
        return entry(at, SmmuCommand.BYTES)
                .then(e -> iommufd.viommus().command(viommu.id(), SmmuCommand.CMD0.get(e), SmmuCommand.CMD1.get(e)));
    }
}
