// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * A page that was accessed by a translation which the tables no longer give.
 *
 * @param streamId who accessed it first
 * @param substreamId its PASID, or {@link Transaction#NO_SUBSTREAM}
 * @param address first address of the page
 * @param pageShift log2 of its size
 * @param used the physical page that was accessed, or −1 if the access was refused
 * @param now the physical page that the tables give now, or −1 if they refuse
 * @param addressSpace the address space, as the architecture names it
 * @param cause what was wrong with the invalidations
 * @param detail the invalidation that came closest, or empty
 * @param commands commands consumed between the change and the access, or −1 if the change was not seen
 * @param dmas transactions between the change and the access, or −1
 */
public record StaleHit(
        int streamId,
        int substreamId,
        long address,
        int pageShift,
        long used,
        long now,
        String addressSpace,
        StaleCause cause,
        String detail,
        long commands,
        long dmas) {
    /** One line for people. */
    public String text() {
        String who = String.format("stream 0x%x", streamId)
                + (substreamId == Transaction.NO_SUBSTREAM ? "" : String.format(" substream 0x%x", substreamId));
        String age = commands < 0 ? "age unknown" : commands + " commands and " + dmas + " DMAs after the change";
        String closest = detail.isEmpty() ? "" : " (closest: " + detail + ")";
        return who
                + String.format(" 0x%x, %s: used %s, tables say %s; ", address, addressSpace, page(used), page(now))
                + age + "; " + cause.text() + closest;
    }

    private static String page(long at) {
        return at < 0 ? "no access" : "0x" + Long.toHexString(at);
    }
}
