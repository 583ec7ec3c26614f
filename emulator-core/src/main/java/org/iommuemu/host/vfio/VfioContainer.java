// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.host.process.ProcessTable;
import org.iommuemu.host.vfio.spec.Extension;
import org.iommuemu.host.vfio.spec.VfioRequest;
import org.jspecify.annotations.Nullable;

/**
 * A container: what opening {@code /dev/vfio/vfio} gives. Groups join it, then it gets a kind of IOMMU; from then on it is mapped, and
 * processes or guests' tables are bound to it, as requests with buffers or by methods that do the same.
 *
 * <p>A call that comes while another one of the same container waits for hardware cannot wait for it, as there is one thread: EAGAIN.
 */
public final class VfioContainer extends OpenFile {
    private final ControlCore core;
    private final Dialect dialect;
    private final BindTarget target;
    private final BindCalls binds;
    private final SvmBindCall svmBind;
    private final DmaCalls dma;
    private final List<VfioGroup> groups = new ArrayList<>();
    private final List<ControlCore> watched = new ArrayList<>();
    private @Nullable Type1Iommu iommu;

    /**
     * A container without groups.
     *
     * @param core whose failure plan is asked for what is no device's
     * @param dialect what request 122 is
     */
    public VfioContainer(ControlCore core, ProcessTable processes, Dialect dialect) {
        this.core = core;
        this.dialect = dialect;
        target = new BindTarget(processes);
        binds = new BindCalls(core, target);
        svmBind = new SvmBindCall(core, target);
        dma = new DmaCalls(core);
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (request == VfioRequest.GET_API_VERSION) {
            return VfioRequest.API_VERSION;
        }
        if (request == VfioRequest.CHECK_EXTENSION) {
            return hasExtension(argument.number()) ? 1 : 0;
        }
        if (request == VfioRequest.SET_IOMMU) {
            IommuType type = IommuType.of(argument.number());
            return (type == null ? noType() : setIommu(type)).returned();
        }
        Type1Iommu its = iommu;
        return its == null ? Errno.EINVAL.returned() : ioctl(its, caller, request, argument);
    }

    private long ioctl(Type1Iommu its, Caller caller, int request, UserBuffer argument) {
        if (request == VfioRequest.IOMMU_GET_INFO) {
            return dma.info(argument);
        }
        if (request == VfioRequest.IOMMU_MAP_DMA) {
            return dma.map(its, caller, argument);
        }
        if (request == VfioRequest.IOMMU_UNMAP_DMA) {
            return dma.unmap(its, caller, argument);
        }
        if (dialect == Dialect.SVM) {
            return request == VfioRequest.IOMMU_SVM_BIND_TASK
                    ? svmBind.bind(its, caller, argument)
                    : Errno.ENOTTY.returned();
        }
        if (request == VfioRequest.IOMMU_BIND) {
            return binds.bind(its, caller, argument);
        }
        return request == VfioRequest.IOMMU_UNBIND ? binds.unbind(its, caller, argument) : Errno.ENOTTY.returned();
    }

    /** VFIO_CHECK_EXTENSION: whether it has what a number of {@link Extension} says. */
    public boolean hasExtension(long extension) {
        return IommuType.of(extension) != null
                || extension == Extension.DMA_CC_IOMMU && iommu != null && iommu.isCoherent();
    }

    private Result<Done> noType() {
        return Result.err(groups.isEmpty() || iommu != null ? Errno.EINVAL : Errno.ENODEV, "a kind of IOMMU");
    }

    /**
     * VFIO_SET_IOMMU: attaches all groups.
     *
     * @return EINVAL without groups, or if that has been done; ENODEV, EINVAL, EIO, EBUSY, ENOMEM if a group cannot be attached, and none is
     */
    public Result<Done> setIommu(IommuType type) {
        if (groups.isEmpty() || iommu != null) {
            return noType();
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "an IOMMU for a container");
        }
        Type1Iommu made = new Type1Iommu(core, type, this::watch);
        for (int i = 0; i < groups.size(); i++) {
            Result<Done> attached = made.attachGroup(groups.get(i));
            if (!attached.isOk()) {
                for (int back = i - 1; back >= 0; back--) {
                    made.detachGroup(groups.get(back));
                }
                return attached;
            }
        }
        iommu = made;
        return Result.done();
    }

    private void watch(ControlCore its) {
        if (!watched.contains(its)) {
            watched.add(its);
            its.onExit((device, pasid, mm) -> {
                if (iommu != null) {
                    iommu.exited(mm);
                }
            });
        }
    }

    /**
     * VFIO_GROUP_SET_CONTAINER: a group joins, and all that is bound is bound on it too.
     *
     * @return EINVAL if it is in a container, else what attaching or binding it failed with
     */
    public Result<Done> attachGroup(VfioGroup group) {
        return group.join(this);
    }

    /**
     * VFIO_GROUP_UNSET_CONTAINER: a group leaves; with the last one all bonds, mappings and the kind of IOMMU are forgotten.
     *
     * @return EINVAL if it is not here, EBUSY if a device of it is open
     */
    public Result<Done> detachGroup(VfioGroup group) {
        return group.container() == this ? group.leave() : Result.err(Errno.EINVAL, group + " is elsewhere");
    }

    Result<Done> add(VfioGroup group) {
        Result<Done> attached = iommu == null ? Result.done() : iommu.attachGroup(group);
        if (attached.isOk()) {
            groups.add(group);
            get();
        }
        return attached;
    }

    void remove(VfioGroup group) {
        groups.remove(group);
        if (iommu != null) {
            iommu.detachGroup(group);
        }
        if (groups.isEmpty()) {
            iommu = null;
        }
        put();
    }

    /** VFIO_IOMMU_MAP_DMA, with the errors of {@link #ioctl}: EINVAL, EEXIST, ENOSPC, ENODEV, EFAULT, ENOMEM. */
    public Result<Done> mapDma(Caller caller, long vaddr, long iova, long size, int permissions) {
        return with(i -> i.map(caller.process().addressSpace(), vaddr, iova, size, permissions));
    }

    /**
     * VFIO_IOMMU_UNMAP_DMA.
     *
     * @return how many bytes were unmapped; EINVAL
     */
    public Result<Long> unmapDma(Caller caller, long iova, long size) {
        return with(i -> i.unmap(caller.process().addressSpace(), iova, size));
    }

    /**
     * VFIO_IOMMU_BIND of the caller's own memory.
     *
     * @return the PASID; EINVAL if the caller has no memory, or nothing is attached; ENOMEM, ENOSPC; else what a device failed with
     */
    public Result<Integer> bindProcess(Caller caller) {
        return bindFound(target.of(caller));
    }

    /**
     * VFIO_IOMMU_BIND of a process.
     *
     * @return the PASID; ESRCH if there is none, or it has no memory; EACCES, EPERM if the caller may not attach to it; else as {@link
     *     #bindProcess(Caller)}
     */
    public Result<Integer> bindProcess(Caller caller, int pid) {
        return bindFound(target.of(caller, pid));
    }

    private Result<Integer> bindFound(Result<AddressSpace> found) {
        return found.then(mm -> {
            Result<Integer> bound = with(i -> i.bind(mm, pasid -> true));
            mm.put();
            return bound;
        });
    }

    /** VFIO_IOMMU_UNBIND of the caller's own memory: ESRCH if it is not bound. */
    public Result<Done> unbindProcess(Caller caller) {
        return unbindFound(target.of(caller));
    }

    /** VFIO_IOMMU_UNBIND of a process: ESRCH if there is none, or it is not bound; EACCES, EPERM. */
    public Result<Done> unbindProcess(Caller caller, int pid) {
        return unbindFound(target.of(caller, pid));
    }

    private Result<Done> unbindFound(Result<AddressSpace> found) {
        return found.then(mm -> {
            Result<Done> unbound = with(i -> i.unbind(mm));
            mm.put();
            return unbound;
        });
    }

    /**
     * VFIO_IOMMU_SVM_BIND_TASK of a guest's PASID table (2017).
     *
     * @param base guest-physical address
     * @param pasidBits log2 of how many PASIDs it has
     * @param format 0 linear, 1 two levels with leaves of 4 KiB, 2 of 64 KiB
     * @return EINVAL unless the container is {@link IommuType#NESTING}, EOPNOTSUPP where PASID tables are the host's, EBUSY if there is one
     */
    public Result<Done> bindPasidTable(long base, int pasidBits, int format) {
        return SvmBindCall.pasidTable(base, pasidBits, format).then(table -> with(i -> i.bind(table)));
    }

    /**
     * VFIO_IOMMU_SVM_BIND_TASK of a guest's page table (2017).
     *
     * @param root guest-physical address
     * @param width of its addresses, 48 or 57
     * @param attributes bits of {@link org.iommuemu.host.vfio.spec.SvmPageTable}
     * @return EINVAL unless the container is {@link IommuType#NESTING}, EOPNOTSUPP where PASID tables are the guest's, EBUSY if the PASID
     *     is in use
     */
    public Result<Done> bindPageTable(long root, int pasid, int width, long attributes) {
        return SvmBindCall.pageTable(root, pasid, width, attributes).then(table -> with(i -> i.bind(table)));
    }

    private <T> Result<T> with(Function<Type1Iommu, Result<T>> call) {
        return iommu == null ? Result.err(Errno.EINVAL, "a container without IOMMU") : call.apply(iommu);
    }

    boolean hasIommu() {
        return iommu != null;
    }

    /** Its groups, in the order in which they joined. */
    public List<VfioGroup> groups() {
        return Collections.unmodifiableList(groups);
    }

    /** How many processes and tables are bound. */
    public int bonds() {
        return iommu == null ? 0 : iommu.bondCount();
    }

    /** How many mappings there are. */
    public int mappings() {
        return iommu == null ? 0 : iommu.mappingCount();
    }

    /** How many translations groups share. */
    public int domains() {
        return iommu == null ? 0 : iommu.domainCount();
    }

    /** Nothing to do: groups that are there keep it open. */
    @Override
    protected void release() {}
}
