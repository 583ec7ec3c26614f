// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;

/**
 * What a function has of ATS, and how it uses it. All times in ps.
 *
 * @param geometry of its address translation cache
 * @param latency of a lookup in it
 * @param translations that one Translation Request asks for, 1 to 16, and no more than fit into a Read Completion Boundary
 * @param outstanding Translation Requests at once
 * @param asksToWrite whether reads ask for write permission too (NW=0)
 * @param reachesPasids whether an Invalidate Request without a PASID means entries of every PASID too, as from PCIe 6.0 on
 * @param completionMessages CC: of how many messages an Invalidate Completion is made, 1 to 8
 * @param gathering how long an Invalidate Completion waits for others to go with it; 0 for none
 * @param pagesUnderWay pages of one transfer that are looked up, asked for or read at once
 * @param pages what it does about pages that are missing
 */
public record AtcParameters(
        CacheGeometry geometry,
        long latency,
        int translations,
        int outstanding,
        boolean asksToWrite,
        boolean reachesPasids,
        int completionMessages,
        long gathering,
        int pagesUnderWay,
        PageRequestParameters pages) {
    private static final int MOST_TRANSLATIONS = 16;
    private static final int MOST_MESSAGES = 8;

    /** Checks the ranges. */
    public AtcParameters {
        if (latency < 0 || gathering < 0) {
            throw new IllegalArgumentException("times of an ATC must not be negative");
        }
        require("translations in a request", translations, MOST_TRANSLATIONS);
        require("Translation Requests outstanding", outstanding, Integer.MAX_VALUE);
        require("messages of an Invalidate Completion", completionMessages, MOST_MESSAGES);
        require("pages under way", pagesUnderWay, Integer.MAX_VALUE);
    }

    private static void require(String what, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(what + " are " + value + ", expected 1 to " + most);
        }
    }

    /** 64 entries, 8 ways, one translation in a request; no measured device. */
    public static AtcParameters standard() {
        return new AtcParameters(
                CacheGeometry.of(8, 8, ReplacementPolicy.LRU),
                0,
                1,
                8,
                false,
                true,
                1,
                0,
                32,
                PageRequestParameters.standard());
    }

    /** The same with another cache, which takes some time. */
    public AtcParameters withCache(CacheGeometry other, long time) {
        return new AtcParameters(
                other,
                time,
                translations,
                outstanding,
                asksToWrite,
                reachesPasids,
                completionMessages,
                gathering,
                pagesUnderWay,
                pages);
    }

    /** The same with other requests. */
    public AtcParameters withRequests(int translationsEach, int atOnce, boolean toWrite) {
        return new AtcParameters(
                geometry,
                latency,
                translationsEach,
                atOnce,
                toWrite,
                reachesPasids,
                completionMessages,
                gathering,
                pagesUnderWay,
                pages);
    }

    /** The same with other answers to Invalidate Requests. */
    public AtcParameters withInvalidations(boolean reaches, int messages, long gather) {
        return new AtcParameters(
                geometry,
                latency,
                translations,
                outstanding,
                asksToWrite,
                reaches,
                messages,
                gather,
                pagesUnderWay,
                pages);
    }

    /** The same with other Page Requests. */
    public AtcParameters withPages(PageRequestParameters other) {
        return new AtcParameters(
                geometry,
                latency,
                translations,
                outstanding,
                asksToWrite,
                reachesPasids,
                completionMessages,
                gathering,
                pagesUnderWay,
                other);
    }
}
