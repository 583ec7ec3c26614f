// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.reuse;

/** Is told by {@link TracePages} what happens to pages, by their numbers. */
public interface PageListener {
    /** A translation of a page was looked up. */
    void accessed(int page);

    /** A translation of a page was looked up that there is none of, or none that allows the access: nothing is cached of it. */
    default void refused() {}

    /** A page was invalidated, which may or may not be cached. */
    default void invalidated(int page) {}

    /** A page was mapped. */
    default void mapped(int page) {}

    /** A page was unmapped, before it is invalidated. */
    default void unmapped(int page) {}
}
