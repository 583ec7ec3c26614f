// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ContainerLock;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;
import org.jspecify.annotations.Nullable;

/** What a container has once its kind of IOMMU is chosen (Linux' vfio_iommu): domains, mappings, bonds, and their lock. */
final class Type1Iommu {
    private final ControlCore core;
    private final IommuType type;
    private final Consumer<ControlCore> watch;
    private final ContainerLock lock = new ContainerLock();
    private final List<VfioDomain> domains = new ArrayList<>();
    private final List<AttachedGroup> mediated = new ArrayList<>();
    private final DmaMappings mappings;
    private final Bonds bonds = new Bonds(domains, lock);

    /**
     * Nothing is attached.
     *
     * @param watch is told of every IOMMU's core that something of it is attached now; it has to pass on {@link #exited}
     */
    Type1Iommu(ControlCore core, IommuType type, Consumer<ControlCore> watch) {
        this.core = core;
        this.type = type;
        this.watch = watch;
        mappings = new DmaMappings(core, domains, type == IommuType.TYPE1);
    }

    boolean isNesting() {
        return type == IommuType.NESTING;
    }

    /** Whether all domains' mappings are coherent with caches. */
    boolean isCoherent() {
        return !domains.isEmpty() && domains.stream().allMatch(VfioDomain::isCoherent);
    }

    int bondCount() {
        return bonds.count();
    }

    int mappingCount() {
        return mappings.count();
    }

    int domainCount() {
        return domains.size();
    }

    private @Nullable AttachedGroup find(VfioGroup group) {
        for (VfioDomain d : domains) {
            for (AttachedGroup g : d.groups()) {
                if (g.group() == group) {
                    return g;
                }
            }
        }
        return mediated.stream().filter(g -> g.group() == group).findFirst().orElse(null);
    }

    Result<Done> attachGroup(VfioGroup group) {
        return lock.hold(() -> {
            if (find(group) != null) {
                return Result.err(Errno.EINVAL, group + " is attached");
            }
            if (core.fails(Step.ALLOCATION)) {
                return Result.err(Step.ALLOCATION.errno(), "a group of a container");
            }
            AttachedGroup attached = new AttachedGroup(group);
            if (group.isMediated()) {
                mediated.add(attached);
                return Result.done();
            }
            return newDomain(group).then(fresh -> {
                Result<Done> joined = attach(attached, fresh);
                if (joined.isOk()) {
                    bonds.announce(group);
                }
                return joined;
            });
        });
    }

    private Result<VfioDomain> newDomain(VfioGroup group) {
        ControlCore its = group.core();
        if (group.iommuGroup().devices().isEmpty()) {
            return Result.err(Errno.EIO, "a domain for no device");
        }
        if (isNesting() && !its.driver().features().nested()) {
            return Result.err(Errno.ENODEV, "nested translation");
        }
        boolean second = isNesting() || !its.driver().features().firstStage();
        return its.newDomain(second ? Domain.Kind.SECOND_STAGE : Domain.Kind.FIRST_STAGE)
                .then(domain -> Result.ok(new VfioDomain(its, group.isCoherent(), domain)));
    }

    /** To its own domain first; then, if there is one that is like it, to that; else that is kept. */
    private Result<Done> attach(AttachedGroup group, VfioDomain fresh) {
        Result<Done> attached = group.attach(fresh.domain());
        if (!attached.isOk()) {
            fresh.free();
            return attached;
        }
        for (VfioDomain d : List.copyOf(domains)) {
            if (d.isLike(fresh)) {
                group.detach(bonds.all());
                if (join(group, d).isOk()) {
                    fresh.free();
                    return Result.done();
                }
                if (!group.attach(fresh.domain()).isOk()) {
                    fresh.free();
                    return Result.err(Errno.EINVAL, group.group() + " cannot be attached again");
                }
            }
        }
        return keep(group, fresh);
    }

    private Result<Done> join(AttachedGroup group, VfioDomain domain) {
        Result<Done> joined = group.attach(domain.domain());
        if (!joined.isOk()) {
            return joined;
        }
        Result<Done> replayed = bonds.replay(group, domain.domain());
        if (replayed.isOk()) {
            domain.groups().add(group);
        } else {
            group.detach(bonds.all());
        }
        return replayed;
    }

    private Result<Done> keep(AttachedGroup group, VfioDomain fresh) {
        Result<Done> replayed = mappings.replay(fresh).then(done -> bonds.replay(group, fresh.domain()));
        if (replayed.isOk()) {
            fresh.groups().add(group);
            domains.add(fresh);
            watch.accept(fresh.core());
            return Result.done();
        }
        group.detach(bonds.all());
        mappings.undoReplay();
        fresh.free();
        return replayed;
    }

    /** Nothing if it is not attached. */
    void detachGroup(VfioGroup group) {
        lock.holdWhenFree(() -> {
            mediated.removeIf(g -> g.group() == group);
            for (VfioDomain d : List.copyOf(domains)) {
                AttachedGroup attached = find(group);
                if (attached != null && d.groups().remove(attached)) {
                    bonds.withdraw(group);
                    attached.detach(bonds.all());
                    if (d.groups().isEmpty()) {
                        remove(d);
                    }
                }
            }
            if (domains.isEmpty() && mediated.isEmpty()) {
                mappings.clear();
            }
        });
    }

    private void remove(VfioDomain domain) {
        if (domains.size() == 1) {
            mappings.unpin();
            bonds.forget();
        }
        domains.remove(domain);
        domain.free();
    }

    Result<Done> map(@Nullable AddressSpace mm, long vaddr, long iova, long size, int permissions) {
        return lock.hold(() -> mappings.map(mm, vaddr, iova, size, permissions));
    }

    Result<Long> unmap(@Nullable AddressSpace mm, long iova, long size) {
        return lock.hold(() -> mappings.unmap(mm, iova, size));
    }

    /** Whether something is attached that an IOMMU translates for. */
    private Result<Done> hasDomain() {
        return domains.isEmpty() ? Result.err(Errno.EINVAL, "a container without IOMMU") : Result.done();
    }

    /**
     * Binds an address space, unless it is bound.
     *
     * @param deliver tells the caller of the PASID; if it cannot, nothing is bound that was not before, and the error is EFAULT
     */
    Result<Integer> bind(AddressSpace mm, IntPredicate deliver) {
        return lock.hold(() -> hasDomain().then(done -> bonds.bind(mm, deliver)));
    }

    Result<Done> unbind(AddressSpace mm) {
        return lock.hold(() -> bonds.unbind(mm));
    }

    /** A process has exited, and was cut off on one device. */
    void exited(AddressSpace mm) {
        lock.holdWhenFree(() -> bonds.exited(mm));
    }

    /** Binds a guest's table, behind a second stage only. */
    Result<Done> bind(Bond table) {
        return lock.hold(() -> {
            if (!isNesting()) {
                return Result.err(Errno.EINVAL, "a guest's table without a second stage");
            }
            return hasDomain().then(done -> bonds.bindTable(table));
        });
    }
}
