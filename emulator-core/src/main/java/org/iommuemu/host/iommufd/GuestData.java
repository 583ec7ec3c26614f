// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;

/** What is said of a guest's table when one is made: a structure of the caller's, of a type, or nothing. */
public interface GuestData {
    /** Nothing. */
    GuestData NONE = new GuestData() {
        @Override
        public int type() {
            return Alloc.DATA_NONE;
        }

        @Override
        public Result<GuestTable> read() {
            return Result.err(Errno.EINVAL, "there is no data");
        }
    };

    /** Its type, as {@link Alloc} has them. */
    int type();

    /** What it says; EINVAL, E2BIG, EFAULT, and EIO or EOPNOTSUPP for what a guest's table cannot be. */
    Result<GuestTable> read();

    /** What is known already. */
    static GuestData of(GuestTable table) {
        return new GuestData() {
            @Override
            public int type() {
                return table instanceof GuestTable.VtdFirstStage ? Alloc.DATA_VTD_S1 : Alloc.DATA_ARM_SMMUV3;
            }

            @Override
            public Result<GuestTable> read() {
                return table.check().then(done -> Result.ok(table));
            }
        };
    }
}
