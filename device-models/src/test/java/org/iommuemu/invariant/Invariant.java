// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

/** What must hold whatever devices, software and faults do. */
enum Invariant {
    /** 1: a device never reads or writes a byte that it has no mapping for. */
    NO_ACCESS_WITHOUT_MAPPING,
    /** 2: after an unmap has returned nothing uses the mapping. */
    NO_ACCESS_AFTER_UNMAP,
    /** 3: every page request that expects a response gets exactly one. */
    ONE_RESPONSE,
    /** 4: a record is lost only with the overflow indication. */
    NO_RECORD_LOST_UNSEEN,
    /** 5: a stalled transaction ends exactly once. */
    ONE_END_OF_A_STALL,
    /** 6: caches are transparent. */
    TRANSPARENT_CACHES,
    /** What is mapped all the while can be accessed; without this a machine that refuses everything would be right. */
    MAPPED_IS_ACCESSIBLE,
    /** What is started ends. */
    EVERYTHING_ENDS,
    /** Nothing ends in an exception. */
    NO_EXCEPTION
}
