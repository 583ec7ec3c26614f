// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.Arrays;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/**
 * What the configuration says about one stream and substream, resolved: what the configuration cache holds. Architectures
 * extend it with what their fault rules need.
 */
public abstract class TranslationContext {
    private final @Nullable TableRoot lower;
    private final @Nullable TableRoot upper;
    private final @Nullable TableRoot second;
    private final long upperHalf;
    private final long attributes;
    private final int[] effective;
    private final int[] need = new int[Access.CODES];

    /**
     * A context that translates by one or two sets of tables, or passes transactions through.
     *
     * @param lower tables for the lower half of the address space, or null to pass through
     * @param upper tables for the upper half, or null to pass through; may be the same
     * @param halfBit the address bit that tells the halves apart
     * @param second tables of a second stage behind those, or null; a context with the second stage alone has it in front
     * @param effective for each {@link Access} code, the code that it counts as: overrides of privilege and instruction; its
     *     complement for a code that no table can allow
     */
    protected TranslationContext(
            @Nullable TableRoot lower,
            @Nullable TableRoot upper,
            int halfBit,
            @Nullable TableRoot second,
            int[] effective) {
        this(lower, upper, halfBit, second, effective, 0);
    }

    /**
     * A context that adds to the attributes of its accesses.
     *
     * @param attributes bits that {@link Verdict#attributes()} of every access have, whatever the leaves say
     */
    protected TranslationContext(
            @Nullable TableRoot lower,
            @Nullable TableRoot upper,
            int halfBit,
            @Nullable TableRoot second,
            int[] effective,
            long attributes) {
        this.attributes = attributes;
        upperHalf = 1L << halfBit;
        this.lower = lower;
        this.upper = upper;
        this.second = second;
        this.effective = effective.clone();
        for (int code = 0; code < need.length; code++) {
            need[code] = effective[code] < 0 ? Permission.NEVER : Access.need(effective[code]);
        }
    }

    /** A number by which contexts can be invalidated together, such as the domain they belong to; 0 unless told. */
    public long group() {
        return 0;
    }

    /** Which ATS requests the context allows; 0, for none, unless told. */
    public int ats() {
        return 0;
    }

    /** Bits that the attributes of every access have, whatever its leaf says; translations may be shared with other contexts. */
    public final long attributes() {
        return attributes;
    }

    /** Whether another context has the same tables, overrides, attributes and ATS. */
    final boolean translatesLike(TranslationContext other) {
        return AddressSpaces.isSame(lower, other.lower)
                && AddressSpaces.isSame(upper, other.upper)
                && AddressSpaces.isSame(second, other.second)
                && upperHalf == other.upperHalf
                && attributes == other.attributes
                && Arrays.equals(effective, other.effective)
                && ats() == other.ats();
    }

    /** Whether it stands for configuration that is not there or erroneous: every request is refused. */
    public boolean isRefusal() {
        return false;
    }

    /** The tables for an address, or null if the context does not translate. */
    public final @Nullable TableRoot root(long address) {
        return (address & upperHalf) == 0 ? lower : upper;
    }

    /** The tables of a second stage behind the first, or null. */
    public final @Nullable TableRoot second() {
        return second;
    }

    /** The access code that a request's code counts as. */
    public final int effective(int access) {
        return effective[access] < 0 ? ~effective[access] : effective[access];
    }

    /** The permission bits that a request's access code needs, overrides applied. */
    public final int need(int access) {
        return need[access];
    }
}
