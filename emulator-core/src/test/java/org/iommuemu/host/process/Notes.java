// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.ArrayList;
import java.util.List;

/** Writes down what a notifier is told. */
final class Notes implements MmuNotifier {
    private final List<String> taken = new ArrayList<>();

    @Override
    public void invalidate(long start, long length) {
        taken.add(String.format("invalidate 0x%x + 0x%x", start, length));
    }

    @Override
    public void release() {
        taken.add("release");
    }

    /** All notes since the last time. */
    List<String> taken() {
        List<String> all = new ArrayList<>(taken);
        taken.clear();
        return all;
    }
}
