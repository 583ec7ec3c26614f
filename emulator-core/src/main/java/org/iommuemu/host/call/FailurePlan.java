// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call;

/** Makes steps of calls fail: every step that can fail asks first whether it is to. */
public interface FailurePlan {
    /** Kinds of steps. */
    enum Step {
        /** Kernel memory is allocated. */
        ALLOCATION(Errno.ENOMEM),
        /** Something is copied from user space. */
        COPY_IN(Errno.EFAULT),
        /** Something is copied to user space. */
        COPY_OUT(Errno.EFAULT),
        /** Something is done to a device: a capability enabled, a domain attached. */
        DEVICE(Errno.EIO),
        /** User memory is pinned, or a page of it brought in. */
        MEMORY(Errno.ENOMEM);

        private final Errno errno;

        Step(Errno errno) {
            this.errno = errno;
        }

        /** With which error it fails, where a call documents no other. */
        public Errno errno() {
            return errno;
        }
    }

    /** Nothing fails. */
    FailurePlan NONE = step -> false;

    /** Whether a step that is about to be done fails instead. Undoing never asks. */
    boolean fails(Step step);

    /** The n-th step of all fails, from 1 on, and no other. */
    static Counting nth(long n) {
        return new Counting(n);
    }

    /** Counts steps, and lets one of them fail. */
    final class Counting implements FailurePlan {
        private final long n;
        private long count;

        private Counting(long n) {
            this.n = n;
        }

        @Override
        public boolean fails(Step step) {
            return ++count == n;
        }

        /** Whether the step came up. */
        public boolean hasFailed() {
            return count >= n;
        }
    }
}
