// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;

/** A file that knows no request, and counts how often it is released. */
final class CountedFile extends OpenFile {
    int released;
    private final Runnable onRelease;

    CountedFile() {
        this(() -> {});
    }

    CountedFile(Runnable onRelease) {
        this.onRelease = onRelease;
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        return Errno.ENOTTY.returned();
    }

    @Override
    protected void release() {
        released++;
        onRelease.run();
    }
}
