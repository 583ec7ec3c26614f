// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** What was wrong with the invalidations since a mapping was changed, so that its old translation is still in use. */
public enum StaleCause {
    /** Nothing of the mapping's address space or address was invalidated. */
    MISSING("no invalidation since the change"),
    /** The address space was named, but not the address. */
    OTHER_ADDRESS("invalidations since the change name other addresses"),
    /** The address was named, but in another address space. */
    OTHER_ADDRESS_SPACE("invalidations since the change name another address space"),
    /** A range of the address space was named that ends before the address, within reach of a wrong size. */
    TOO_NARROW("the range of the invalidation since the change ends before the page"),
    /** Only leaves were invalidated, while a table entry was changed. */
    LEAF_ONLY("the invalidation since the change is for leaves only, and a table was changed"),
    /** Only the second stage was invalidated, which does not drop combined translations. */
    SECOND_STAGE_ONLY("the invalidation since the change is of the second stage only; combined translations stay"),
    /** Only the first stage was invalidated, while a table of the second was changed. */
    FIRST_STAGE_ONLY("the invalidation since the change is of the first stage only, and the second was changed"),
    /** The change was invalidated: the fault is this model's. */
    INVALIDATED("the mapping was invalidated since the change"),
    /** A device used what it was told, or what came to it changed, by translated requests; its ATC is not looked into. */
    KEPT_BY_DEVICE("the device used a translation of its own that the tables do not give"),
    /** No configuration was invalidated since it was changed. */
    CONFIGURATION_MISSING("no invalidation of configuration since it was changed"),
    /** Configuration was invalidated, but not that of this stream and substream. */
    CONFIGURATION_OTHER("invalidations of configuration since the change name another stream, substream or domain"),
    /** The changed configuration was invalidated: the fault is this model's. */
    CONFIGURATION_INVALIDATED("the configuration was invalidated since the change");

    private final String text;

    StaleCause(String text) {
        this.text = text;
    }

    /** One sentence. */
    public String text() {
        return text;
    }
}
