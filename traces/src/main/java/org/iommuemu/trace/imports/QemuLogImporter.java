// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.iommuemu.trace.DmaRecord;

/**
 * QEMU's own log of the trace events of its SMMUv3 ({@code smmuv3_*}, {@code smmu_iotlb_*}) and VT-d ({@code vtd_*}) models, as its
 * {@code log} backend writes them: {@code thread@seconds.microseconds:event text}.
 */
final class QemuLogImporter implements Importer {
    /** The beginning of a line that is an event. */
    static final Pattern EVENT = Pattern.compile("(\\d{1,9})@(\\d{1,10})\\.(\\d{6}):(\\w+) ?(.*)");

    private static final Pattern FAILED = Pattern.compile(".* translation failed for iova=(0x[0-9a-f]+) ?\\(.*");
    private static final Pattern DEVICE = Pattern.compile("dev ([0-9a-f]{2}):([01][0-9a-f])\\.0?([0-7]) .*");
    private static final long PS_PER_MICROSECOND = 1_000_000;
    private static final long MICROSECONDS = 1_000_000;
    private static final int HEX = 16;
    private static final int BLOCK_LEVEL = 2;
    private static final long BLOCK = 1 << 21;

    private final Path file;

    QemuLogImporter(Path file) {
        this.file = file;
    }

    @Override
    public void run(RecordSink sink) throws IOException {
        try (TextLines lines = new TextLines(file)) {
            Reading reading = new Reading(lines, sink);
            for (String line = lines.next(); line != null; line = lines.next()) {
                reading.take(line);
            }
            reading.flush();
        }
    }

    /** What a thread has looked up in the IOTLB, before it says what came of it. */
    private static final class Lookup {
        int domain;
        long page = TouchedPages.PAGE;
        int sid;
        long iova;
        int permissions;
    }

    /** One log being read. */
    private static final class Reading {
        private final TextLines lines;
        private final RecordSink sink;
        private final TouchedPages pages;
        private final Map<Integer, Lookup> lookups = new HashMap<>();
        private long start = -1;
        private long time;
        private String text = "";
        private long failedAt;
        /** A range that a command invalidates, piece by piece. */
        private int rangeDomain;

        private long rangeStart;
        private long rangeBytes;

        Reading(TextLines lines, RecordSink sink) {
            this.lines = lines;
            this.sink = sink;
            pages = new TouchedPages(sink);
        }

        void take(String line) throws IOException {
            Matcher m = EVENT.matcher(line);
            if (!m.matches()) {
                Matcher failed = FAILED.matcher(line);
                if (failed.matches()) {
                    failedAt = Numbers.parse(failed.group(1), lines);
                }
                sink.note("lines that are no events");
                return;
            }
            long at = Long.parseLong(m.group(2)) * MICROSECONDS + Long.parseLong(m.group(3));
            start = start < 0 ? at : start;
            String name = m.group(4);
            text = m.group(5);
            if (!name.endsWith("range_inval")) {
                flush();
            }
            time = Math.max(0, at - start) * PS_PER_MICROSECOND;
            Lookup lookup = lookups.computeIfAbsent(Integer.parseInt(m.group(1)), t -> new Lookup());
            if (!(name.startsWith("vtd_") ? vtd(name, lookup) : name.startsWith("smmu") && smmu(name, lookup))) {
                sink.note("events of other kinds");
            }
        }

        private boolean smmu(String name, Lookup lookup) throws IOException {
            switch (name) {
                case "smmu_iotlb_lookup_hit", "smmu_iotlb_lookup_miss" -> {
                    lookup.domain = domain();
                    lookup.page = TouchedPages.PAGE;
                }
                case "smmu_iotlb_insert" -> {
                    lookup.domain = domain();
                    long granule = granule(value("tg"));
                    lookup.page = value("level") == BLOCK_LEVEL ? granule * (granule / Long.BYTES) : granule;
                }
                case "smmuv3_translate_success" ->
                    pages.access(
                            time,
                            (int) value("sid"),
                            lookup.domain,
                            value("iova"),
                            value("translated"),
                            (int) value("perm") & (DmaRecord.READ | DmaRecord.WRITE),
                            lookup.page,
                            0);
                case "smmuv3_record_event" -> {
                    if (text.startsWith("SMMU_EVT_F_") || text.startsWith("SMMU_EVT_C_")) {
                        pages.refused(time, (int) value("sid"), failedAt, text.contains("F_PERMISSION"));
                    }
                }
                case "smmuv3_translate_abort" -> pages.refused(time, (int) value("sid"), value("iova"), false);
                case "smmuv3_translate_bypass", "smmuv3_translate_disable" ->
                    sink.note("accesses that no tables translate");
                case "smmuv3_s1_range_inval", "smmuv3_range_inval" -> range();
                case "smmuv3_cmdq_tlbi_nh_asid" -> pages.invalidate(time, (int) value("asid"), 0, 0);
                case "smmuv3_cmdq_tlbi_s12_vmid" -> pages.invalidate(time, (int) value("vmid"), 0, 0);
                case "smmuv3_cmdq_tlbi_nh", "smmuv3_cmdq_tlbi_nsnh" ->
                    pages.invalidate(time, TouchedPages.EVERY_DOMAIN, 0, 0);
                default -> {
                    return false;
                }
            }
            return true;
        }

        /** The ASID, or of a second stage alone the VMID. */
        private int domain() {
            long asid = value("asid");
            return (int) (asid < 0 ? value("vmid") : asid);
        }

        private static long granule(long tg) {
            return tg == 0 ? TouchedPages.PAGE : 1L << 2 * tg + 10;
        }

        /** A range that is no power of two comes in pieces. */
        private void range() throws IOException {
            int domain = domain();
            long from = value("addr");
            long bytes = value("num_pages") * granule(value("tg"));
            if (rangeBytes != 0 && domain == rangeDomain && from == rangeStart + rangeBytes) {
                rangeBytes += bytes;
                return;
            }
            flush();
            rangeDomain = domain;
            rangeStart = from;
            rangeBytes = bytes;
        }

        void flush() throws IOException {
            if (rangeBytes != 0) {
                pages.invalidate(time, rangeDomain, rangeStart, rangeBytes);
                rangeBytes = 0;
            }
        }

        private boolean vtd(String name, Lookup lookup) throws IOException {
            switch (name) {
                case "vtd_iotlb_page_hit", "vtd_iotlb_page_update" -> {
                    lookup.sid = (int) word("sid");
                    lookup.iova = word("iova");
                    lookup.domain = (int) word("domain");
                    lookup.permissions = (int) word("slpte") & (DmaRecord.READ | DmaRecord.WRITE);
                }
                case "vtd_dmar_translate" -> translated(lookup);
                case "vtd_dmar_fault" -> pages.refused(time, (int) word("sid"), word("addr"), word("write") != 0);
                case "vtd_inv_desc_iotlb_pages" ->
                    pages.invalidate(
                            time, (int) word("domain"), word("addr"), TouchedPages.PAGE << Math.min(word("mask"), 40));
                case "vtd_inv_desc_iotlb_domain" -> pages.invalidate(time, (int) word("domain"), 0, 0);
                case "vtd_inv_desc_iotlb_global" -> pages.invalidate(time, TouchedPages.EVERY_DOMAIN, 0, 0);
                default -> {
                    return false;
                }
            }
            return true;
        }

        /** The line before it has the whole address, this one that of the page. */
        private void translated(Lookup lookup) throws IOException {
            Matcher device = DEVICE.matcher(text);
            if (!device.matches()) {
                throw lines.wrong("vtd_dmar_translate is '" + text + "'", "dev <bus>:<device>.<function> iova …");
            }
            int sid = Integer.parseInt(device.group(1), HEX) << 8
                    | Integer.parseInt(device.group(2), HEX) << 3
                    | Integer.parseInt(device.group(3), HEX);
            long mask = word("mask");
            long iova = word("iova");
            if (lookup.sid != sid || (lookup.iova & ~mask) != (iova & ~mask)) {
                sink.note("VT-d translations without a line of the IOTLB");
                return;
            }
            long page = mask == BLOCK - 1 ? BLOCK : TouchedPages.PAGE;
            long physical = word("gpa") & ~mask | lookup.iova & mask;
            pages.access(time, sid, lookup.domain, lookup.iova, physical, lookup.permissions, page, 0);
        }

        /** {@code name=value}. */
        private long value(String name) {
            return after(name + "=");
        }

        /** {@code name value}. */
        private long word(String name) {
            return after(name + " ");
        }

        private long after(String key) {
            int at = text.startsWith(key) ? 0 : text.indexOf(" " + key) + 1;
            if (at == 0 && !text.startsWith(key)) {
                throw lines.wrong("'" + text + "' has no " + key.strip(), key + "<number>");
            }
            int from = at + key.length();
            int end = from;
            while (end < text.length() && Character.isLetterOrDigit(text.charAt(end))
                    || end == from && end < text.length() && text.charAt(end) == '-') {
                end++;
            }
            return Numbers.parse(text.substring(from, end), lines);
        }
    }
}
