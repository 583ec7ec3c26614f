// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.function.Function;
import org.iommuemu.host.Domain;
import org.iommuemu.host.PageTables;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.jspecify.annotations.Nullable;

/** A table with what an IOAS has mapped. */
final class PagingHwpt extends Hwpt {
    private static final int LARGE_SHIFT = 21;

    private final ControlCore core;
    private final Ioas ioas;
    private final boolean nestParent;
    private final boolean automatic;
    private final @Nullable PageTables tables;

    /**
     * A table that is empty.
     *
     * @param automatic whether it came to be because a device was attached to the IOAS, and goes with its last device
     */
    PagingHwpt(
            ControlCore core,
            Ioas ioas,
            Domain domain,
            boolean nestParent,
            boolean pasidCompatible,
            boolean automatic) {
        super(domain, pasidCompatible);
        this.core = core;
        this.ioas = ioas;
        this.nestParent = nestParent;
        this.automatic = automatic;
        tables = domain.tables();
        ioas.get();
    }

    Ioas ioas() {
        return ioas;
    }

    boolean isNestParent() {
        return nestParent;
    }

    boolean isAutomatic() {
        return automatic;
    }

    @Override
    PagingHwpt paging() {
        return this;
    }

    /** Takes away the IOVAs that the tables cannot have. */
    Result<Done> narrow(IovaWindow window, Function<IovaRange, @Nullable IovaRange> mapped) {
        return tables == null
                ? Result.done()
                : window.reserve(new IovaRange(1L << tables.inputBits(), -1), this, mapped);
    }

    /** EFAULT, ENOMEM; nothing is changed then. */
    Result<Done> map(Area area) {
        return area.pages().pin().then(frames -> {
            if (core.fails(Step.ALLOCATION)) {
                area.pages().unpin();
                return Result.err(Step.ALLOCATION.errno(), "tables of " + this);
            }
            area.forEachRun(
                    hasLargePages(),
                    (iova, physical, bytes, shift) ->
                            core.driver().map(domain(), iova, physical, bytes, shift, area.permissions()));
            return Result.done();
        });
    }

    void unmap(Area area) {
        area.forEachRun(
                hasLargePages(), (iova, physical, bytes, shift) -> core.driver().unmap(domain(), iova, bytes, shift));
        area.pages().unpin();
    }

    private boolean hasLargePages() {
        return tables != null && tables.hasPages(LARGE_SHIFT);
    }

    @Override
    void destroyed() {
        dropFaults(core.faults());
        ioas.removeTable(this);
        core.driver().free(domain());
        ioas.put();
    }
}
