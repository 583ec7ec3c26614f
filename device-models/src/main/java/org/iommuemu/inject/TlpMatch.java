// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.jspecify.annotations.Nullable;

/**
 * Which TLPs are meant.
 *
 * @param kinds of which kinds; empty for all
 * @param direction which way they go
 * @param requester whose they are, or whom they are for; null for everybody
 * @param pasid of their prefix, or {@link org.iommuemu.iommu.Transaction#NO_SUBSTREAM} for those without; null for any
 */
public record TlpMatch(
        Set<TlpKind> kinds,
        Direction direction,
        @Nullable Integer requester,
        @Nullable Integer pasid) {
    /** Which way. */
    public enum Direction {
        /** Either. */
        ANY,
        /** Towards the host. */
        UP,
        /** Towards the device. */
        DOWN
    }

    /** Keeps the kinds in their order. */
    public TlpMatch {
        kinds = kinds.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(kinds));
    }

    /** TLPs of some kinds, whoever sends them. */
    public static TlpMatch of(TlpKind... kinds) {
        return new TlpMatch(Set.of(kinds), Direction.ANY, null, null);
    }

    /** The same of one function. */
    public TlpMatch of(int function) {
        return new TlpMatch(kinds, direction, function, pasid);
    }

    /** The same with one PASID, or none. */
    public TlpMatch withPasid(int of) {
        return new TlpMatch(kinds, direction, requester, of);
    }

    /** The same, one way. */
    public TlpMatch going(Direction which) {
        return new TlpMatch(kinds, which, requester, pasid);
    }

    boolean matches(Tlp tlp, boolean up) {
        return (kinds.isEmpty() || kinds.contains(tlp.kind()))
                && (direction == Direction.ANY || up == (direction == Direction.UP))
                && (requester == null || requester == TlpText.requester(tlp))
                && (pasid == null || pasid == TlpText.pasid(tlp));
    }
}
