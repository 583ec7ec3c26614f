// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/**
 * Where one set of translation tables starts and how it is used: what a context descriptor says about one table base.
 *
 * <p>Immutable; made when a context is fetched and kept with it in the configuration cache.
 */
public final class TableRoot {
    private final TableFormat format;
    private final int granuleCode;
    private final long base;
    private final int startHeight;
    private final int inputBits;
    private final int outputBits;
    private final int stage;
    private final boolean upper;
    private final boolean disabled;
    private final boolean topByteIgnored;
    private final boolean bigEndian;
    private final boolean accessFlagIgnored;
    private final boolean hierarchyIgnored;
    private final boolean accessFlagUpdated;
    private final boolean dirtyStateUpdated;
    private final boolean tableFlagUpdated;
    private final boolean updatesRefused;
    private final boolean refusalFirst;
    private final int permissionControls;
    private final long attributes;
    private final int shareability;
    private final long incoming;
    private final boolean privilegedOnly;
    private final long tag;
    private final long globalTag;
    private final long indexMix;
    private final long globalIndexMix;

    private TableRoot(Builder b) {
        format = b.format;
        granuleCode = b.format.granuleCode();
        base = b.base;
        startHeight = b.startHeight >= 0 ? b.startHeight : b.format.startHeight(b.inputBits);
        inputBits = b.inputBits;
        outputBits = b.outputBits;
        stage = b.stage;
        upper = b.upper;
        disabled = b.disabled;
        topByteIgnored = b.topByteIgnored;
        bigEndian = b.bigEndian;
        accessFlagIgnored = b.accessFlagIgnored;
        hierarchyIgnored = b.hierarchyIgnored;
        accessFlagUpdated = b.accessFlagUpdated;
        dirtyStateUpdated = b.dirtyStateUpdated;
        tableFlagUpdated = b.tableFlagUpdated;
        updatesRefused = b.updatesRefused;
        refusalFirst = b.refusalFirst;
        permissionControls = b.permissionControls;
        attributes = b.attributes;
        shareability = b.shareability;
        incoming = b.incoming;
        privilegedOnly = b.privilegedOnly;
        tag = b.tag;
        globalTag = b.globalTag;
        indexMix = mix(tag);
        globalIndexMix = mix(globalTag);
    }

    /** The descriptors' format. */
    public TableFormat format() {
        return format;
    }

    /** {@link TableFormat#granuleCode()} of the format. */
    public int granuleCode() {
        return granuleCode;
    }

    /** Physical address of the first table. */
    public long base() {
        return base;
    }

    /** Height of the descriptors in the first table. */
    public int startHeight() {
        return startHeight;
    }

    /** Address bits that are translated. */
    public int inputBits() {
        return inputBits;
    }

    /** Width of a legal output or table address in bits. */
    public int outputBits() {
        return outputBits;
    }

    /** The stage of translation: 1 or 2. */
    public int stage() {
        return stage;
    }

    /** Whether the root serves the upper half of the address space, whose untranslated bits are ones. */
    public boolean isUpper() {
        return upper;
    }

    /** Whether walks are forbidden (CD.EPDx). */
    public boolean isDisabled() {
        return disabled;
    }

    /** Whether descriptors are big-endian. */
    public boolean isBigEndian() {
        return bigEndian;
    }

    /** Whether a leaf that has not been marked as accessed is good all the same (CD.AFFD). */
    public boolean isAccessFlagIgnored() {
        return accessFlagIgnored;
    }

    /** Whether restrictions in table descriptors are ignored (CD.HADx). */
    public boolean isHierarchyIgnored() {
        return hierarchyIgnored;
    }

    /** Whether hardware marks leaves as accessed (CD.HA, STE.S2HA). */
    public boolean updatesAccessFlag() {
        return accessFlagUpdated;
    }

    /** Whether hardware marks leaves as dirty (CD.HD, STE.S2HD). */
    public boolean updatesDirtyState() {
        return dirtyStateUpdated;
    }

    /** Whether hardware marks table descriptors as accessed (CD.HAFT, STE.S2HAFT). */
    public boolean updatesTableFlag() {
        return tableFlagUpdated;
    }

    /** Whether a descriptor that hardware would have to mark is a fault (VT-d: walks that are not snooped). */
    public boolean refusesUpdates() {
        return updatesRefused;
    }

    /** Whether requests that no table can allow are refused before any walk (VT-d: PASID entry SRE). */
    public boolean refusesFirst() {
        return refusalFirst;
    }

    /** Controls that the format's permission rules take, see the format. */
    public int permissionControls() {
        return permissionControls;
    }

    /** Memory attributes that leaves select from by index: eight bytes (MAIR). */
    public long attributes() {
        return attributes;
    }

    /** Shareability of everything translated here, or −1 if each leaf has its own (CD.SHx with 52-bit descriptors). */
    public int shareability() {
        return shareability;
    }

    /** Memory attributes that requests bring to this root, or −1 if an earlier stage has settled them. */
    public long incoming() {
        return incoming;
    }

    /** Whether unprivileged requests are refused before any walk (CD.E0PDx). */
    public boolean isPrivilegedOnly() {
        return privilegedOnly;
    }

    /** The tag of cache entries that belong to this root's address space. */
    public long tag() {
        return tag;
    }

    /** The tag of entries that are shared by the address spaces of one machine (global pages). */
    public long globalTag() {
        return globalTag;
    }

    /** What to mix into a set index, so that equal addresses of different address spaces spread: {@link #mix} of the tag. */
    public long indexMix() {
        return indexMix;
    }

    /** {@link #indexMix()} for global entries. */
    public long globalIndexMix() {
        return globalIndexMix;
    }

    /** The address as it is translated and cached: with an ignored top byte replaced by the sign of bit 55. */
    public long canonical(long address) {
        return topByteIgnored ? address << 8 >> 8 : address;
    }

    /** Whether a canonical address lies in the range that this root translates. */
    public boolean covers(long canonical) {
        return upper ? canonical >> inputBits == -1L : canonical >>> inputBits == 0;
    }

    /**
     * Spreads a tag over the bits of a set index, 24 of them; zero stays zero. These are the high bits of a product, which keep
     * tags that follow one another apart: 65,536 ASIDs in as many sets meet in twos at the most.
     */
    public static long mix(long tag) {
        return tag * 0x9E3779B97F4A7C15L >>> 40;
    }

    /** Starts a root of a format. */
    public static Builder builder(TableFormat format) {
        return new Builder(format);
    }

    /** Collects the properties of a root; unset ones are off. */
    public static final class Builder {
        private final TableFormat format;
        private long base;
        private int startHeight = -1;
        private int inputBits = 48;
        private int outputBits = 48;
        private int stage = 1;
        private boolean upper;
        private boolean disabled;
        private boolean topByteIgnored;
        private boolean bigEndian;
        private boolean accessFlagIgnored;
        private boolean hierarchyIgnored;
        private boolean accessFlagUpdated;
        private boolean dirtyStateUpdated;
        private boolean tableFlagUpdated;
        private boolean updatesRefused;
        private boolean refusalFirst;
        private int permissionControls;
        private long attributes;
        private int shareability = -1;
        private long incoming = -1;
        private boolean privilegedOnly;
        private long tag;
        private long globalTag;

        private Builder(TableFormat format) {
            this.format = format;
        }

        /** Physical address of the first table, aligned to its size. */
        public Builder base(long address) {
            base = address;
            return this;
        }

        /** Height of the first table, if it is not the one that follows from the input size (concatenated tables). */
        public Builder startHeight(int height) {
            startHeight = height;
            return this;
        }

        /** Translated address bits. */
        public Builder inputBits(int bits) {
            inputBits = bits;
            return this;
        }

        /** Width of legal output addresses. */
        public Builder outputBits(int bits) {
            outputBits = bits;
            return this;
        }

        /** The stage of translation, 1 if not said. */
        public Builder stage(int number) {
            stage = number;
            return this;
        }

        /** Serves the upper half of the address space. */
        public Builder upper(boolean on) {
            upper = on;
            return this;
        }

        /** Forbids walks. */
        public Builder disabled(boolean on) {
            disabled = on;
            return this;
        }

        /** Ignores the top byte of an address. */
        public Builder topByteIgnored(boolean on) {
            topByteIgnored = on;
            return this;
        }

        /** Reads descriptors big-endian. */
        public Builder bigEndian(boolean on) {
            bigEndian = on;
            return this;
        }

        /** Takes every leaf as accessed. */
        public Builder accessFlagIgnored(boolean on) {
            accessFlagIgnored = on;
            return this;
        }

        /** Ignores restrictions in table descriptors. */
        public Builder hierarchyIgnored(boolean on) {
            hierarchyIgnored = on;
            return this;
        }

        /** Lets hardware mark leaves: as accessed, and as dirty, which takes the former. */
        public Builder hardwareUpdates(boolean accessFlag, boolean dirtyState) {
            accessFlagUpdated = accessFlag;
            dirtyStateUpdated = accessFlag && dirtyState;
            return this;
        }

        /** Lets hardware mark table descriptors as accessed. */
        public Builder tableFlagUpdates(boolean on) {
            tableFlagUpdated = on;
            return this;
        }

        /** Makes it a fault if hardware would have to mark a descriptor. */
        public Builder updatesRefused(boolean on) {
            updatesRefused = on;
            return this;
        }

        /** Refuses requests that no table can allow before any walk. */
        public Builder refusalFirst(boolean on) {
            refusalFirst = on;
            return this;
        }

        /** Controls for the permission rules. */
        public Builder permissionControls(int controls) {
            permissionControls = controls;
            return this;
        }

        /** Memory attribute bytes. */
        public Builder attributes(long bytes) {
            attributes = bytes;
            return this;
        }

        /** Shareability of everything translated, where leaves have no room for their own. */
        public Builder shareability(int sh) {
            shareability = sh;
            return this;
        }

        /** Memory attributes that requests bring. */
        public Builder incoming(long memoryAttributes) {
            incoming = memoryAttributes;
            return this;
        }

        /** Refuses unprivileged requests. */
        public Builder privilegedOnly(boolean on) {
            privilegedOnly = on;
            return this;
        }

        /** Cache tags of this address space and of global entries. */
        public Builder tags(long own, long global) {
            tag = own;
            globalTag = global;
            return this;
        }

        /** The finished root. */
        public TableRoot build() {
            return new TableRoot(this);
        }
    }
}
