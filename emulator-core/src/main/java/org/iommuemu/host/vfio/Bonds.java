// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.ObjIntConsumer;
import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ContainerLock;
import org.iommuemu.host.process.AddressSpace;
import org.jspecify.annotations.Nullable;

/** What is bound to a container. All is called under its lock. */
final class Bonds {
    private final List<VfioDomain> domains;
    private final ContainerLock lock;
    private final List<Bond> all = new ArrayList<>();

    /**
     * Nothing is bound.
     *
     * @param domains with whose groups, as they come and go
     */
    Bonds(List<VfioDomain> domains, ContainerLock lock) {
        this.domains = domains;
        this.lock = lock;
    }

    List<Bond> all() {
        return Collections.unmodifiableList(all);
    }

    int count() {
        return all.size();
    }

    private @Nullable ProcessBond find(AddressSpace mm) {
        for (Bond b : all) {
            if (b instanceof ProcessBond p && p.mm() == mm) {
                return p;
            }
        }
        return null;
    }

    /** Steps 9 to 12 of BIND. */
    Result<Integer> bind(AddressSpace mm, IntPredicate deliver) {
        ProcessBond bound = find(mm);
        if (bound != null) {
            return deliver.test(bound.pasid()) ? Result.ok(bound.pasid()) : undelivered();
        }
        ProcessBond made = new ProcessBond(mm);
        return bind(made).then(done -> {
            if (!deliver.test(made.pasid())) {
                all.remove(made);
                undo(made);
                return undelivered();
            }
            announce(made);
            return Result.ok(made.pasid());
        });
    }

    private static Result<Integer> undelivered() {
        return Result.err(Errno.EFAULT, "copying the PASID out");
    }

    /** Binds a guest's table, if all IOMMUs can have it. */
    Result<Done> bindTable(Bond table) {
        for (VfioDomain d : domains) {
            Result<Done> possible = table.check(d.core());
            if (!possible.isOk()) {
                return possible;
            }
        }
        return bind(table).then(done -> {
            announce(table);
            return Result.done();
        });
    }

    /** On all groups, or none; SVA stays enabled where that succeeded. */
    private Result<Done> bind(Bond made) {
        if (domains.get(0).core().fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a bond");
        }
        for (VfioDomain d : domains) {
            for (AttachedGroup g : d.groups()) {
                Result<Done> bound = g.bind(made, d.domain());
                if (!bound.isOk()) {
                    undo(made);
                    return bound;
                }
            }
        }
        all.add(made);
        return Result.done();
    }

    /** Everywhere, also where it was never bound. */
    private void undo(Bond bond) {
        domains.forEach(d -> d.groups().forEach(g -> g.unbind(bond)));
        bond.end();
    }

    /** The last step of UNBIND. */
    Result<Done> unbind(AddressSpace mm) {
        ProcessBond bound = find(mm);
        if (bound == null) {
            return Result.err(Errno.ESRCH, "a process that is not bound");
        }
        remove(bound);
        return Result.done();
    }

    private void remove(Bond bond) {
        tell(bond, hook -> hook.unbound(bond.pasid()));
        undo(bond);
        all.remove(bond);
    }

    /** The mm-exit callback: the first one removes the bond, for all devices; those that come after find nothing. */
    void exited(AddressSpace mm) {
        ProcessBond bound = find(mm);
        if (bound != null) {
            remove(bound);
        }
    }

    /**
     * Binds on a group that is about to join the others. Address spaces that are going are skipped; those that are not are kept until the
     * lock is free, as their going takes it.
     */
    Result<Done> replay(AttachedGroup group, Domain domain) {
        List<Bond> done = new ArrayList<>();
        for (Bond b : all) {
            if (b.tryHold()) {
                Result<Done> bound = group.bind(b, domain);
                lock.whenFree(b::letGo);
                if (!bound.isOk()) {
                    Collections.reverse(done);
                    done.forEach(group::unbind);
                    return bound;
                }
            }
            done.add(b);
        }
        return Result.done();
    }

    /** Forgets all, of which nothing is left on any device. */
    void forget() {
        all.forEach(Bond::end);
        all.clear();
    }

    private void announce(Bond bond) {
        tell(bond, hook -> hook.bound(bond.pasid()));
    }

    private void tell(Bond bond, Consumer<PasidHook> what) {
        if (bond.pasid() != Bond.NO_PASID) {
            domains.forEach(d -> d.groups().forEach(g -> g.group().tell(what)));
        }
    }

    /** Tells a group's devices of all PASIDs, as it has been attached. */
    void announce(VfioGroup group) {
        tellOfAll(group, PasidHook::bound);
    }

    /** Tells a group's devices that no PASID is theirs any more, as it is about to be detached. */
    void withdraw(VfioGroup group) {
        tellOfAll(group, PasidHook::unbound);
    }

    private void tellOfAll(VfioGroup group, ObjIntConsumer<PasidHook> what) {
        for (Bond b : all) {
            if (b.pasid() != Bond.NO_PASID) {
                group.tell(hook -> what.accept(hook, b.pasid()));
            }
        }
    }
}
