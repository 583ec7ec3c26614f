// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.TagNames;

/**
 * The context tags of cached translations: StreamWorld, VMID and ASID (IHI 0070 §3.17). A global translation has no ASID, but
 * belongs to one ASET; one by stage 2 alone has neither.
 *
 * <pre>
 *  63     46 45      36 35   34 33      32   31  16 15   0
 * +---------+----------+-------+-------+----+------+------+
 * |    0    | incoming | world | stage | A  | VMID | ASID |
 * |         |          |       |   2   | SET|      |      |
 * +---------+----------+-------+-------+----+------+------+
 * </pre>
 *
 * {@code incoming} keeps translations apart whose memory attributes differ because the STEs' overrides do; see {@link
 * IncomingAttributes}. It is 0 without overrides, and no invalidation looks at it.
 */
final class SmmuTags {
    private static final BitField ASID = BitField.of("ASID", 15, 0);
    private static final BitField VMID = BitField.of("VMID", 31, 16);
    private static final BitField ASET = BitField.bit("ASET", 32);
    private static final BitField STAGE_2 = BitField.bit("stage 2", 33);
    private static final BitField WORLD = BitField.of("StreamWorld", 35, 34);
    private static final BitField INCOMING = BitField.of("incoming", 45, 36);

    /** All bits but the ASID. */
    static final long ANY_ASID = ~ASID.mask();
    /** All bits but the ASET, for commands, which ignore it. */
    static final long ANY_ASET = ~ASET.mask();
    /** All bits but the ASID and the stage. */
    static final long ANY_ASID_OR_STAGE = ~(ASID.mask() | STAGE_2.mask());
    /** All bits. */
    static final long EXACT = -1L;
    /** The StreamWorld. */
    static final long WORLD_ONLY = WORLD.mask();
    /** That part of the StreamWorld that both kinds of EL2 share. */
    static final long EL2_ONLY = WORLD.of(StreamWorld.NS_EL2.code() & StreamWorld.NS_EL2_E2H.code());
    /** All bits but those of attributes that come in. */
    static final long ANY_INCOMING = ~INCOMING.mask();

    private SmmuTags() {}

    /** Translations of an ASID, or of a world without any if it is 0. */
    static long context(StreamWorld world, int vmid, int asid) {
        return WORLD.of(world.code()) | VMID.of(vmid) | ASID.of(asid);
    }

    /** Translations by stage 2 alone, whose addresses are intermediate ones. */
    static long stage2(int vmid) {
        return VMID.of(vmid) | STAGE_2.of(1);
    }

    /** Global translations of an ASET. */
    static long global(StreamWorld world, int vmid, boolean aset) {
        return WORLD.of(world.code()) | VMID.of(vmid) | ASET.of(aset ? 1 : 0);
    }

    /** What a tag has in addition for attributes that come in, at most ten bits of them. */
    static long incoming(long difference) {
        return INCOMING.of(difference);
    }

    /** What reports call them; nothing here is invalidated by group. */
    static final TagNames NAMES = new TagNames() {
        @Override
        public String addressSpace(long tag) {
            return text(tag);
        }

        @Override
        public String group(long mask, long value) {
            return "";
        }
    };

    private static String text(long tag) {
        StringBuilder text = new StringBuilder();
        int world = WORLD.getInt(tag);
        if (world != 0) {
            text.append(world == StreamWorld.NS_EL2.code() ? "EL2 " : "EL2-E2H ");
        } else {
            text.append("VMID ").append(VMID.get(tag)).append(' ');
        }
        return text.append(STAGE_2.isSet(tag) ? "stage 2" : "ASID " + ASID.get(tag))
                .toString();
    }

    /** A mask that leaves out the low bits of the VMID: CR0.VMW. */
    static long vmidWildcard(int bits) {
        return ~VMID.of((1L << bits) - 1);
    }
}
