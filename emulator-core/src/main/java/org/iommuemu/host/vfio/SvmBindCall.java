// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.nio.ByteBuffer;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserCopy;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.PasidAllocator;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.vfio.spec.SvmBind;
import org.iommuemu.host.vfio.spec.SvmPageTable;
import org.iommuemu.host.vfio.spec.SvmPasid;
import org.iommuemu.host.vfio.spec.SvmPasidTable;
import org.iommuemu.smmuv3.spec.Ste;

/** VFIO_IOMMU_SVM_BIND_TASK: the structures, in the order of their checks. */
record SvmBindCall(ControlCore core, BindTarget target) {
    private static final int ADDRESS_BITS = 48;
    private static final int PASID_BITS = 20;
    private static final int TABLE_ALIGNMENT = 64;
    private static final int LEAVES_64K = 2;
    private static final int PAGE = 1 << 12;
    private static final int ATTRIBUTES = SvmPageTable.SRE | SvmPageTable.EAFE | SvmPageTable.WPE;

    long bind(Type1Iommu iommu, Caller caller, UserBuffer argument) {
        UserCopy copy = new UserCopy(argument, core::fails);
        ByteBuffer head = copy.in(0, SvmBind.DATA);
        if (head == null) {
            return Errno.EFAULT.returned();
        }
        long argsz = SvmBind.ARGSZ.get(head);
        long flags = SvmBind.FLAGS.get(head);
        long length = SvmBind.LENGTH.get(head);
        if (argsz < SvmBind.DATA + length || (flags & ~SvmBind.TYPE_MASK) != 0 || Long.bitCount(flags) != 1) {
            return Errno.EINVAL.returned();
        }
        int bytes = (int) flags == SvmBind.PASIDTBL
                ? SvmPasidTable.BYTES
                : (int) flags == SvmBind.PASID ? SvmPasid.BYTES : SvmPageTable.BYTES;
        if (length < bytes) {
            return Errno.EINVAL.returned();
        }
        ByteBuffer data = copy.in(SvmBind.DATA, bytes);
        if (data == null) {
            return Errno.EFAULT.returned();
        }
        Result<?> result = switch ((int) flags) {
            case SvmBind.PASIDTBL -> pasidTable(data).then(iommu::bind);
            case SvmBind.PASID -> pasid(iommu, caller, data, copy);
            default -> pageTable(data).then(iommu::bind);
        };
        return result.returned();
    }

    private static Result<Bond> pasidTable(ByteBuffer data) {
        if (SvmPasidTable.RESERVED.get(data) != 0) {
            return Result.err(Errno.EINVAL, "a reserved field");
        }
        return pasidTable(SvmPasidTable.BASE.get(data), (int) SvmPasidTable.PASID_BITS.get(data), (int)
                SvmPasidTable.FORMAT.get(data));
    }

    /** A table of context descriptors as an STE describes it; requests without PASID use its first. */
    static Result<Bond> pasidTable(long base, int pasidBits, int format) {
        boolean exists = base >>> ADDRESS_BITS == 0 && base % TABLE_ALIGNMENT == 0;
        if (!exists || pasidBits < 0 || pasidBits > PASID_BITS || format < 0 || format > LEAVES_64K) {
            return Result.err(Errno.EINVAL, "a PASID table's address, size or format");
        }
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1);
        Ste.S1FMT.set(ste, pasidBits == 0 ? 0 : format);
        Ste.S1_CONTEXT_PTR.setInPlace(ste, base);
        Ste.S1CDMAX.set(ste, pasidBits);
        Ste.S1DSS.set(ste, Ste.S1DSS_SUBSTREAM_0);
        return Result.ok(new PasidTableBond(new GuestTables.Contexts(ste[0], ste[1])));
    }

    private Result<Integer> pasid(Type1Iommu iommu, Caller caller, ByteBuffer data, UserCopy copy) {
        int pid = SvmPasid.PID.getInt(data);
        return (pid == 0 ? target.of(caller) : target.of(caller, pid)).then((AddressSpace mm) -> {
            Result<Integer> bound = iommu.bind(mm, pasid -> {
                SvmPasid.PASID.put(data, pasid);
                return copy.out(SvmBind.DATA, data);
            });
            mm.put();
            return bound;
        });
    }

    private static Result<Bond> pageTable(ByteBuffer data) {
        return pageTable(
                SvmPageTable.GPGD.get(data),
                SvmPageTable.PASID.getInt(data),
                SvmPageTable.ADDR_WIDTH.getInt(data),
                SvmPageTable.ATTRIBUTES.get(data));
    }

    /** A first stage as a PASID entry describes it. */
    static Result<Bond> pageTable(long root, int pasid, int width, long attributes) {
        boolean isTable =
                root % PAGE == 0 && (width == GuestTables.FOUR_LEVEL_BITS || width == GuestTables.FIVE_LEVEL_BITS);
        if (!isTable || pasid <= 0 || pasid >= PasidAllocator.END || (attributes & ~ATTRIBUTES) != 0) {
            return Result.err(Errno.EINVAL, "a page table's address, PASID, width or attributes");
        }
        return Result.ok(new PageTableBond(
                pasid,
                new GuestTables.FirstStage(
                        root,
                        (attributes & SvmPageTable.SRE) != 0,
                        (attributes & SvmPageTable.EAFE) != 0,
                        (attributes & SvmPageTable.WPE) != 0,
                        width)));
    }
}
