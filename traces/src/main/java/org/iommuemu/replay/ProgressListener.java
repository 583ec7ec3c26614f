// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

/** Hears how far long work has come. */
@FunctionalInterface
public interface ProgressListener {
    /** Nobody listens. */
    ProgressListener NONE = records -> {};

    /** {@code records} trace records have been done; called often. */
    void progress(long records);
}
