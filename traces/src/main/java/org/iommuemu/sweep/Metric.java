// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A column of the results. A value is a whole number of the column's last digit, rounded half up from exact numbers, so that it is the
 * same text on every machine.
 */
public enum Metric {
    /** Records of the trace. */
    RECORDS("records", "", 0, "records of the trace"),
    /** Accesses. */
    DMA("dma", "", 0, "records that are accesses"),
    /** Translations. */
    TRANSLATIONS(
            "translations", "", 0, "accesses presented to the IOMMU, one for each 4 KiB page that a record touches"),

    /** Lookups in the IOTLB. */
    IOTLB_LOOKUPS("iotlb_lookups", "", 0, "lookups in the IOTLB"),
    /** Hits in the IOTLB. */
    IOTLB_HITS("iotlb_hits", "", 0, "of those, hits"),
    /** Misses in the IOTLB. */
    IOTLB_MISSES("iotlb_misses", "", 0, "of those, misses"),
    /** Miss ratio of the IOTLB. */
    IOTLB_MISS_RATIO("iotlb_miss_ratio", "", 6, "misses / lookups"),
    /** Lookups in the micro-TLBs. */
    MICRO_TLB_LOOKUPS("micro_tlb_lookups", "", 0, "lookups in the micro-TLBs"),
    /** Hits in the micro-TLBs. */
    MICRO_TLB_HITS("micro_tlb_hits", "", 0, "of those, hits"),
    /** Misses in the micro-TLBs. */
    MICRO_TLB_MISSES("micro_tlb_misses", "", 0, "of those, misses"),
    /** Miss ratio of the micro-TLBs. */
    MICRO_TLB_MISS_RATIO("micro_tlb_miss_ratio", "", 6, "misses / lookups"),
    /** Lookups in the level between. */
    FIRST_IOTLB_LOOKUPS("first_iotlb_lookups", "", 0, "lookups in the TLBs between micro-TLBs and IOTLB"),
    /** Hits in the level between. */
    FIRST_IOTLB_HITS("first_iotlb_hits", "", 0, "of those, hits"),
    /** Misses in the level between. */
    FIRST_IOTLB_MISSES("first_iotlb_misses", "", 0, "of those, misses"),
    /** Miss ratio of the level between. */
    FIRST_IOTLB_MISS_RATIO("first_iotlb_miss_ratio", "", 6, "misses / lookups"),
    /** Lookups in the ATCs. */
    ATC_LOOKUPS("atc_lookups", "", 0, "lookups in the ATCs of the devices"),
    /** Hits in the ATCs. */
    ATC_HITS("atc_hits", "", 0, "of those, hits"),
    /** Misses in the ATCs. */
    ATC_MISSES("atc_misses", "", 0, "of those, misses"),
    /** Miss ratio of the ATCs. */
    ATC_MISS_RATIO("atc_miss_ratio", "", 6, "misses / lookups"),
    /** Lookups in the configuration cache. */
    CONFIGURATION_LOOKUPS("configuration_lookups", "", 0, "lookups in the configuration cache"),
    /** Misses in the configuration cache. */
    CONFIGURATION_MISSES("configuration_misses", "", 0, "of those, misses"),
    /** Lookups in the walk caches. */
    WALK_CACHE_LOOKUPS("walk_cache_lookups", "", 0, "lookups in the walk caches of all levels, of both stages"),
    /** Hits in the walk caches. */
    WALK_CACHE_HITS("walk_cache_hits", "", 0, "of those, hits"),
    /** Walks. */
    WALKS("walks", "", 0, "table walks"),
    /** Table reads. */
    TABLE_READS("table_reads", "", 0, "descriptors read by walks, of both stages"),
    /** Table reads for each translation. */
    TABLE_READS_PER_TRANSLATION("table_reads_per_translation", "", 6, "table_reads / translations"),
    /** Faults. */
    FAULTS("faults", "", 0, "accesses refused"),
    /** Commands. */
    COMMANDS("commands", "", 0, "commands or descriptors that software gave"),
    /** Invalidations. */
    INVALIDATIONS("invalidations", "", 0, "of those, of TLBs and ATCs"),
    /** Synchronisations. */
    SYNCS("syncs", "", 0, "of those, CMD_SYNC or wait descriptors"),
    /** Stale uses. */
    STALE_USES("stale_uses", "", 0, "accesses that got through by what had been unmapped and was not invalidated yet"),
    /** Comparisons. */
    COMPARED("addresses_compared", "", 0, "accesses whose address the trace has"),
    /** Agreements. */
    AGREED("addresses_agreed", "", 0, "of those, translated to it"),

    /** Transactions that were timed. */
    TIMED("timed_transactions", "", 0, "accesses that were counted"),
    /** Span. */
    SPAN("span_ns", "ns", 3, "from the first counted access to the last answer"),
    /** Mean. */
    MEAN("latency_mean_ns", "ns", 3, "mean time of an access"),
    /** Median. */
    P50("latency_p50_ns", "ns", 3, "that half of the accesses do not exceed"),
    /** 95th percentile. */
    P95("latency_p95_ns", "ns", 3, "that 95 % do not exceed"),
    /** 99th percentile. */
    P99("latency_p99_ns", "ns", 3, "that 99 % do not exceed"),
    /** 99.9th percentile. */
    P999("latency_p99.9_ns", "ns", 3, "that 99.9 % do not exceed"),
    /** Longest. */
    MAX("latency_max_ns", "ns", 3, "longest"),
    /** Bandwidth. */
    BANDWIDTH("bandwidth_gbytes_per_s", "GB/s", 6, "bytes read and written / span"),
    /** Rate. */
    REQUESTS("requests_per_s", "1/s", 0, "timed_transactions / span"),

    /** Cost. */
    COST("cost_bits", "bit", 0, "storage of the modelled caches, see docs/sweep.md");

    private static final Map<String, Metric> BY_LABEL = new TreeMap<>();

    static {
        for (Metric m : values()) {
            BY_LABEL.put(m.label, m);
        }
    }

    private final String label;
    private final String unit;
    private final int decimals;
    private final String meaning;

    Metric(String label, String unit, int decimals, String meaning) {
        this.label = label;
        this.unit = unit;
        this.decimals = decimals;
        this.meaning = meaning;
    }

    /** The column of a label, or null. */
    public static @Nullable Metric of(String label) {
        return BY_LABEL.get(label);
    }

    /** Name of the column. */
    public String label() {
        return label;
    }

    /** Unit; empty of counts and ratios. */
    public String unit() {
        return unit;
    }

    /** What it is, for people. */
    public String meaning() {
        return meaning;
    }

    /** Whether it is a plain number of something. */
    public boolean isCount() {
        return decimals == 0 && unit.isEmpty();
    }

    /** A value as text, always with the same number of decimals. */
    public String text(long value) {
        return BigDecimal.valueOf(value, decimals).toPlainString();
    }

    /** A value as a number, for charts. */
    public double number(long value) {
        return BigDecimal.valueOf(value, decimals).doubleValue();
    }

    /**
     * The value of a text.
     *
     * @throws NumberFormatException if it is none of this column
     */
    public long parse(String text) {
        try {
            return new BigDecimal(text).setScale(decimals).unscaledValue().longValueExact();
        } catch (ArithmeticException e) {
            throw new NumberFormatException(text);
        }
    }

    /** The value of a quotient that is not negative, rounded half up; 0 of nothing. */
    long quotient(BigInteger dividend, long divisor) {
        if (divisor == 0) {
            return 0;
        }
        return new BigDecimal(dividend)
                .divide(BigDecimal.valueOf(divisor), decimals, RoundingMode.HALF_UP)
                .unscaledValue()
                .longValueExact();
    }

    /** The value of a quotient of whole numbers. */
    long quotient(long dividend, long divisor) {
        return quotient(BigInteger.valueOf(dividend), divisor);
    }
}
