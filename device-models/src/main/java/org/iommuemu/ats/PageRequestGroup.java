// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayList;
import java.util.List;

/** A page request group: consecutive pages, requested together for one access. A stale one is only there for its credits and its index. */
final class PageRequestGroup {
    final PageAccess first;
    final int pages;
    final List<PageAccess> waiters = new ArrayList<>();
    int index;
    long timer = -1;
    boolean stale;

    PageRequestGroup(PageAccess first, int pages) {
        this.first = first;
        this.pages = pages;
        waiters.add(first);
    }

    /** Whether an access can wait for this one's response. */
    boolean serves(PageAccess p) {
        long behind = p.page() - first.page();
        return !stale
                && p.pasid() == first.pasid()
                && behind >= 0
                && behind >>> PageAccess.PAGE_SHIFT < pages
                && p.isPrivileged() == first.isPrivileged()
                && (!p.reads() || first.reads())
                && (!p.writes() || first.writes())
                && (!p.executes() || first.executes());
    }

    /** Whether nobody waits for it any more. */
    boolean isVain() {
        return waiters.stream().allMatch(PageAccess::isOver);
    }
}
