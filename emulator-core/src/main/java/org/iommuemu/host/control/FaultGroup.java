// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.List;
import java.util.function.Consumer;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;

/** I/O page faults that are answered together. */
public final class FaultGroup {
    private final HostDevice device;
    private final List<PageRequest> requests;
    private final Consumer<PageResponse.Code> answer;

    FaultGroup(HostDevice device, List<PageRequest> requests, Consumer<PageResponse.Code> answer) {
        this.device = device;
        this.requests = requests;
        this.answer = answer;
    }

    /** Whose they are. */
    public HostDevice device() {
        return device;
    }

    /** With which PASID, or {@link org.iommuemu.host.IommuDriver#NO_PASID}. */
    public int pasid() {
        return last().substreamId();
    }

    private PageRequest last() {
        return requests.get(requests.size() - 1);
    }

    /** They, in the order of their arrival; the last one is marked so. */
    public List<PageRequest> requests() {
        return requests;
    }

    /** Answers them, the first time; whatever is said later, or after the PASID was detached, is not heard. */
    public void respond(PageResponse.Code code) {
        answer.accept(code);
    }
}
