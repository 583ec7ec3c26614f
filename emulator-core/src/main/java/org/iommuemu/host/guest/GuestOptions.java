// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

/**
 * What a container is.
 *
 * @param nesting whether it is of VFIO_TYPE1_NESTING_IOMMU, so that guests may have first stages
 * @param pasids form of the PASID request
 * @param invalidations which there are
 */
public record GuestOptions(boolean nesting, PasidDialect pasids, InvalidationPolicy invalidations) {
    /** A nesting one, with the later form of the PASID request. */
    public static final GuestOptions STANDARD = new GuestOptions(true, PasidDialect.RANGE, InvalidationPolicy.UAPI);

    /** The same with another form of the PASID request. */
    public GuestOptions with(PasidDialect other) {
        return new GuestOptions(nesting, other, invalidations);
    }

    /** The same with other invalidations. */
    public GuestOptions with(InvalidationPolicy other) {
        return new GuestOptions(nesting, pasids, other);
    }

    /** The same without nesting. */
    public GuestOptions withoutNesting() {
        return new GuestOptions(false, pasids, invalidations);
    }
}
