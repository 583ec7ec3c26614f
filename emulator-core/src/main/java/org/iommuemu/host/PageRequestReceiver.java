// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.List;
import java.util.function.Consumer;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;

/** Software that takes the page requests of devices, and answers them now or later. */
@FunctionalInterface
public interface PageRequestReceiver {
    /**
     * Takes a page request group, of which nothing is forgotten until it is answered, or what asks is detached: then it has been answered as
     * invalid.
     *
     * @param group its requests, in their order, of one stream; the last is marked so
     * @param answer answers it, once; later calls do nothing
     */
    void take(List<PageRequest> group, Consumer<PageResponse.Code> answer);

    /** Whether there is memory for one more request, or for a group; without, a request is forgotten, and a group answered as a failure. */
    default boolean hasMemory() {
        return true;
    }
}
