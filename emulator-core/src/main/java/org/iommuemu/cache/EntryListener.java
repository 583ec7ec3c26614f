// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/** Is told when an entry of a {@link SetAssociativeCache} is about to cease, or has just ceased, to be what it was. */
public interface EntryListener {
    /** An entry was replaced, dropped or got other values. */
    void changed(int entry);

    /** Every entry was dropped. */
    void cleared();
}
