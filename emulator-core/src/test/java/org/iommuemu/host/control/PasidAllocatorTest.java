// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.iommuemu.host.call.Errno;
import org.junit.jupiter.api.Test;

/** PASIDs are the system's: the lowest of a range is given out, to owners who may have only so many, and taken back when nothing uses it. */
class PasidAllocatorTest {
    private final Set<Integer> used = new HashSet<>();
    private final PasidAllocator pasids = new PasidAllocator(used::contains);
    private final Object one = new Object();
    private final Object two = new Object();

    @Test
    void shouldGiveOutTheLowestOfARangeAndNeverZero() {
        assertThat(pasids.allocate(0, 9, one).value()).isEqualTo(1);
        assertThat(pasids.allocate(0, 9, two).value()).isEqualTo(2);
        assertThat(pasids.allocate(2, 2, one).errno()).isEqualTo(Errno.ENOSPC);
        assertThat(pasids.allocate(5, 6, one).value()).isEqualTo(5);
        assertThat(pasids.allocate(2, 9, one).value()).isEqualTo(3);
        assertThat(pasids.free(1).isOk()).isTrue();
        assertThat(pasids.allocate(0, 9, two).value()).isEqualTo(1);
    }

    @Test
    void shouldRefuseRangesThatAreEmptyOrBeyondAllPasids() {
        assertThat(pasids.allocate(6, 5, one).errno()).isEqualTo(Errno.EINVAL);
        assertThat(pasids.allocate(-1, 5, one).errno()).isEqualTo(Errno.EINVAL);
        assertThat(pasids.allocate(0, 0, one).errno()).isEqualTo(Errno.ENOSPC);
        assertThat(pasids.allocate(0xF_FFFF, Integer.MAX_VALUE, one).value()).isEqualTo(0xF_FFFF);
        assertThat(pasids.allocate(0xF_FFFF, Integer.MAX_VALUE, one).errno()).isEqualTo(Errno.ENOSPC);
        assertThat(pasids.allocate(1 << 20, Integer.MAX_VALUE, one).errno()).isEqualTo(Errno.ENOSPC);
    }

    @Test
    void shouldGiveAnOwnerNoMoreThanItsQuota() {
        for (int i = 0; i < 1000; i++) {
            assertThat(pasids.allocate(1, 0xF_FFFF, one).isOk()).isTrue();
        }

        assertThat(pasids.allocate(1, 0xF_FFFF, one).errno()).isEqualTo(Errno.ENOSPC);
        assertThat(pasids.allocate(1, 0xF_FFFF, two).value()).isEqualTo(1001);
        pasids.free(7);
        assertThat(pasids.allocate(1, 0xF_FFFF, one).value()).isEqualTo(7);
        pasids.quota(two, 1);
        assertThat(pasids.allocate(1, 0xF_FFFF, two).errno()).isEqualTo(Errno.ENOSPC);
        pasids.quota(two, 2);
        assertThat(pasids.allocate(1, 0xF_FFFF, two).value()).isEqualTo(1002);
    }

    @Test
    void shouldLetNobodyFreeWhatIsAnothersOrFree() {
        int pasid = pasids.allocate(1, 9, one).value();

        assertThat(pasids.free(pasid, two, Errno.EPERM).errno()).isEqualTo(Errno.EPERM);
        assertThat(pasids.free(pasid + 1, one, Errno.EINVAL).errno()).isEqualTo(Errno.EINVAL);
        assertThat(pasids.free(pasid + 1).errno()).isEqualTo(Errno.EINVAL);
        assertThat(pasids.owner(pasid)).isSameAs(one);
        assertThat(pasids.free(pasid, one, Errno.EPERM).isOk()).isTrue();
        assertThat(pasids.owner(pasid)).isNull();
    }

    @Test
    void shouldKeepWhatIsAttachedSomewhere() {
        for (int i = 0; i < 3; i++) {
            pasids.allocate(1, 9, one);
        }
        pasids.allocate(1, 9, two);
        used.add(2);

        assertThat(pasids.free(2).errno()).isEqualTo(Errno.EBUSY);
        assertThat(pasids.freeAll(one).errno()).isEqualTo(Errno.EBUSY);

        assertThat(pasids.allocated(one)).containsExactly(2);
        assertThat(pasids.allocated(two)).containsExactly(4);
        used.clear();
        assertThat(pasids.freeAll(one).isOk()).isTrue();
        assertThat(pasids.allocated()).isEqualTo(1);
    }
}
