// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.iommuemu.host.control.CoreWorld.AT;
import static org.iommuemu.host.control.CoreWorld.PAGE;
import static org.iommuemu.host.control.CoreWorld.PAGES;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.iommuemu.host.control.CoreWorld.Own;
import org.iommuemu.host.control.CoreWorld.Seen;
import org.iommuemu.host.control.CoreWorld.User;
import org.iommuemu.host.process.AddressSpace;

/** What holds between any two steps. */
final class CoreInvariants {
    private final CoreWorld world;

    CoreInvariants(CoreWorld world) {
        this.world = world;
    }

    /**
     * Checks them.
     *
     * @param changed whether entries may have changed
     */
    void check(boolean changed) {
        world.takeAnswers();
        if (changed) {
            entries();
        }
        devices();
        meanwhile();
        CoreWorld.check(world.m.staleAccesses() == 0, "something stale was used");
    }

    /** (i) The entries that hardware finds lead to what is attached by them, and there are no others. */
    private void entries() {
        Map<User, Long> expected = new TreeMap<>();
        world.attached.forEach((user, to) -> {
            long root = to instanceof Own o
                    ? Objects.requireNonNull(o.domain.tables()).root()
                    : ((AddressSpace) to).tables().root();
            if (!(to instanceof AddressSpace mm && mm.isDying())) {
                expected.put(user, root);
            }
        });
        Map<User, Long> found = new TableEntries(world.m).live();
        CoreWorld.check(found.equals(expected), "(i) hardware has " + found + ", expected " + expected);
    }

    /** What ATCs hold is what tables say. */
    private void devices() {
        world.m.devices.atc.forEach((k, c) -> {
            long now = world.physical(new User(k.stream(), k.pasid()), (int) ((k.page() - AT) / PAGE));
            CoreWorld.check(now == c.physical(), "an ATC has " + k + " -> " + c);
        });
    }

    /** What devices were given while software waited was there before, or is there now: never a mixture. */
    private void meanwhile() {
        for (Seen s : world.seen) {
            long after = world.physical(s.user(), s.page() % PAGES);
            boolean known = s.physical() == -1 || s.physical() == s.before() || s.physical() == after;
            CoreWorld.check(known, "a device was given " + s + ", now " + after);
        }
    }
}
