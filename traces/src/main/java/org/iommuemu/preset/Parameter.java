// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.cache.ReplacementPolicy;
import org.jspecify.annotations.Nullable;

/** What of a timed machine can be set: its key in YAML, what is legal, and what it means. */
public enum Parameter {
    /** The machine of a trace. */
    IOMMU(
            "machine.iommu",
            "smmuv3",
            "the IOMMU, where the machine is made for a trace",
            "smmuv3, vtd-legacy, vtd-scalable"),
    /** Stages. */
    STAGES(
            "machine.stages",
            "1",
            "stages that translate, where the machine is made for a trace; with vtd-legacy 2, as it has no other",
            "1, 2, nested"),
    /** When a trace's unmapping is invalidated. */
    UNMAP("machine.unmap", "strict", "invalidate what a trace unmaps at once, or later, many at once", "strict, lazy"),
    /** Where a trace's mappings come from. */
    MAPPING(
            "machine.mapping",
            "trace",
            "pages appear as the trace maps them, or at first touch: mapped to themselves, or to memory in that order",
            "trace, identity, first-touch"),
    /** Pages that appear at first touch. */
    PAGE("machine.page", "4k", "size of pages that appear at first touch", "4k, 16k, 64k, 2m, 1g"),

    /** Policy of the IOTLB. */
    IOTLB_POLICY("iotlb.policy", "lru", "replacement policy", Legal.POLICIES),
    /** Policy of the walk caches. */
    WALK_CACHE_POLICY("walk-cache.policy", "lru", "replacement policy", Legal.POLICIES),
    /** Policy of the configuration cache. */
    CONFIGURATION_CACHE_POLICY("configuration-cache.policy", "lru", "replacement policy", Legal.POLICIES),

    /** Policy of the micro-TLBs. */
    MICRO_TLB_POLICY("micro-tlb.policy", "lru", "replacement policy", Legal.ONLINE_POLICIES),
    /** Policy of the level between. */
    FIRST_TLB_POLICY("first-iotlb.policy", "lru", "replacement policy", Legal.ONLINE_POLICIES),
    /** Policy of the IPA cache. */
    IPA_CACHE_POLICY("ipa-cache.policy", "lru", "replacement policy", Legal.POLICIES),
    /** Policy of the host's cache. */
    TABLE_LINES_POLICY("table-cache.policy", "lru", "replacement policy", Legal.ONLINE_POLICIES),
    /** Size of the micro-TLBs. */
    MICRO_TLB_ENTRIES(
            "micro-tlb.entries",
            "0",
            "entries of each TLB next to the devices, which the IOTLB includes; 0 for none",
            0,
            1 << 20),
    /** Ways of the micro-TLBs. */
    MICRO_TLB_WAYS("micro-tlb.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** How many there are. */
    MICRO_TLB_INSTANCES(
            "micro-tlb.instances", "1", "how many there are; a stream goes to that of its number, modulo", 1, 1024),
    /** Ports of the micro-TLBs. */
    MICRO_TLB_PORTS("micro-tlb.ports", "1", "lookups that can begin at once in each", 1, 64),
    /** Interval of a port. */
    MICRO_TLB_INTERVAL("micro-tlb.interval-ns", "1", "ns after which a port takes another lookup", 0, 1e6),
    /** Latency of a lookup. */
    MICRO_TLB_LATENCY("micro-tlb.latency-ns", "1", "ns that a lookup takes", 0, 1e6),
    /** Size of the level between. */
    FIRST_TLB_ENTRIES(
            "first-iotlb.entries",
            "0",
            "entries of a level between micro-TLBs and IOTLB, which that includes; 0 for none",
            0,
            1 << 20),
    /** Ways of the level between. */
    FIRST_TLB_WAYS("first-iotlb.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** How many there are. */
    FIRST_TLB_INSTANCES(
            "first-iotlb.instances", "1", "how many there are; a stream goes to that of its number, modulo", 1, 1024),
    /** Ports of the level between. */
    FIRST_TLB_PORTS("first-iotlb.ports", "1", "lookups that can begin at once in each", 1, 64),
    /** Interval of a port. */
    FIRST_TLB_INTERVAL("first-iotlb.interval-ns", "1", "ns after which a port takes another lookup", 0, 1e6),
    /** Latency of a lookup. */
    FIRST_TLB_LATENCY("first-iotlb.latency-ns", "1", "ns that a lookup takes", 0, 1e6),
    /** Size of the IOTLB. */
    IOTLB_ENTRIES("iotlb.entries", "2048", "leaf translations", 0, 1 << 20),
    /** Ways of the IOTLB. */
    IOTLB_WAYS("iotlb.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** Ports of the lookup. */
    LOOKUP_PORTS("iotlb.ports", "1", "lookups that can begin at once", 1, 64),
    /** Interval of a port. */
    LOOKUP_INTERVAL("iotlb.interval-ns", "1", "ns after which a port takes another lookup", 0, 1e6),
    /** Latency of a lookup. */
    LOOKUP_LATENCY("iotlb.latency-ns", "2", "ns that a lookup takes", 0, 1e6),

    /** Hits under a miss. */
    HIT_UNDER_MISS("iotlb.hit-under-miss", "true", "lookups go on while a miss is under way"),
    /** Walk cache of the lowest tables. */
    WALK_CACHE_1("walk-cache.entries-1", "64", "pointers to tables of leaves", 0, 1 << 20),
    /** Walk cache of the tables above. */
    WALK_CACHE_2("walk-cache.entries-2", "32", "pointers to tables one level up", 0, 1 << 20),
    /** Walk cache of the tables further above. */
    WALK_CACHE_3("walk-cache.entries-3", "32", "pointers to tables two levels up, and of those above", 0, 1 << 20),
    /** Ways of the walk caches. */
    WALK_CACHE_WAYS("walk-cache.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** A hit in it. */
    WALK_CACHE_HIT("walk-cache.hit-ns", "0", "ns that a walk takes longer that starts from one", 0, 1e6),
    /** Walk cache of the second stage's lowest tables. */
    STAGE2_WALK_CACHE_1(
            "stage2-walk-cache.entries-1",
            "-1",
            "of a second stage behind a first: pointers to tables of leaves; -1 is as many as the first stage has",
            -1,
            1 << 20),
    /** Walk cache of the tables above. */
    STAGE2_WALK_CACHE_2("stage2-walk-cache.entries-2", "-1", "pointers to tables one level up", -1, 1 << 20),
    /** Walk cache of the tables further above. */
    STAGE2_WALK_CACHE_3(
            "stage2-walk-cache.entries-3", "-1", "pointers to tables two levels up, and of those above", -1, 1 << 20),
    /** A hit in it. */
    STAGE2_WALK_CACHE_HIT(
            "stage2-walk-cache.hit-ns",
            "0",
            "ns that each walk of the second stage takes longer that starts from one",
            0,
            1e6),
    /** Size of the configuration cache. */
    CONFIGURATION_CACHE("configuration-cache.entries", "64", "streams and substreams", 0, 1 << 20),
    /** Ways of the configuration cache. */
    CONFIGURATION_CACHE_WAYS("configuration-cache.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** Lookup of configuration. */
    CONFIGURATION_LATENCY("configuration-cache.latency-ns", "0", "ns that a lookup takes", 0, 1e6),
    /** Size of the IPA cache. */
    IPA_CACHE("ipa-cache.entries", "0", "translations of the second stage alone", 0, 1 << 20),

    /** Ways of the IPA cache. */
    IPA_CACHE_WAYS("ipa-cache.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** A hit in it. */
    IPA_CACHE_HIT("ipa-cache.hit-ns", "0", "ns that a walk takes longer for each translation found there", 0, 1e6),
    /** Prefetch. */
    PREFETCH_DEPTH("prefetch.pages", "0", "pages behind one that missed that are walked too; 0 for none", 0, 64),
    /** Prefetch goes on. */
    PREFETCH_ON_HIT("prefetch.on-hit", "false", "the first use of such a page has those behind it walked too"),
    /** Walkers. */
    WALKERS("walk.walkers", "5", "walks under way at once", 1, 4096),
    /** Walkers for reads. */
    READ_WALKERS("walk.read-walkers", "4096", "of those, the most on behalf of reads", 1, 4096),
    /** Misses under way. */
    WALK_PENDING("walk.pending", "0", "misses that can be under way or wait for a walker; 0 is any number", 0, 65536),
    /** Merging. */
    WALK_MERGING("walk.merging", "true", "who misses what is being walked waits for that walk; else it walks again"),
    /** Before the first read. */
    WALK_BEFORE("walk.before-ns", "0", "ns from the miss to the first table read", 0, 1e6),
    /** After the last read. */
    WALK_AFTER("walk.after-ns", "0", "ns from the last table read to the answer; the walker is free", 0, 1e6),
    /** Recovery. */
    WALK_RECOVERY("walk.recovery-ns", "0", "ns that a walker is busy after its last table read", 0, 1e6),
    /** Recovery of large reads. */
    LARGE_READ_RECOVERY("walk.large-read-recovery-ns", "0", "ns longer for large reads", 0, 1e6),
    /** Large reads. */
    LARGE_READ_FROM("walk.large-read-from-bytes", "256", "from how many bytes a read is large", 1, 4096),
    /** Recovery of writes. */
    WRITE_RECOVERY("walk.write-recovery-ns", "0", "ns longer for writes", 0, 1e6),
    /** Serialisation. */
    SERIAL_LEAF_TABLES("walk.serial-leaf-tables", "false", "walks of one table of leaves follow one another"),
    /** Reads of tables. */
    TABLE_LATENCY("tables.latency-ns", "100", "ns that a table read takes", 0, 1e6),
    /** Slow reads. */
    TABLE_SLOW_FRACTION("tables.slow-fraction", "0", "share of table reads that take longer", 0.0, 1.0),
    /** How slow. */
    TABLE_SLOW_EXTRA("tables.slow-extra-ns", "0", "ns that those take longer", 0, 1e6),

    /** Reads under way. */
    TABLE_OUTSTANDING(
            "tables.outstanding", "0", "table reads from memory under way at once; 0 is any number", 0, 65536),
    /** Bandwidth. */
    TABLE_GBPS("tables.gbps", "0", "Gb/s of memory for table reads, 64 bytes each; 0 is no limit", 0.0, 1e5),
    /** Lines of tables. */
    TABLE_LINES(
            "table-cache.lines",
            "0",
            "lines of 64 bytes of tables that the host's cache holds; 0 for none",
            0,
            1 << 20),
    /** Ways of it. */
    TABLE_LINES_WAYS("table-cache.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** A read from it. */
    TABLE_LINES_LATENCY("table-cache.latency-ns", "0", "ns that a read of a line takes that it holds", 0, 1e6),
    /** Ordering. */
    ORDERING_SCOPE(
            "ordering.scope",
            "all",
            "who leaves the IOMMU in order: all reads, all writes; those of each stream, in a window of its own; nobody",
            "all, stream, none"),
    /** Fetch of a command. */
    COMMAND_FETCH("commands.fetch-ns", "0", "ns to fetch a command or descriptor", 0, 1e6),
    /** Execution of a command. */
    COMMAND_EXECUTE("commands.execute-ns", "0", "ns to execute it", 0, 1e6),
    /** Invalidation. */
    COMMAND_INVALIDATE("commands.invalidate-ns", "0", "ns longer for each invalidation", 0, 1e6),
    /** Lookups blocked. */
    COMMAND_LOOKUPS_BLOCKED(
            "commands.lookups-blocked-ns", "0", "ns for which an invalidation takes a port of the IOTLB", 0, 1e6),
    /** SYNC. */
    COMMAND_SYNC(
            "commands.sync-ns", "0", "ns that CMD_SYNC or a wait descriptor takes, after what it waits for", 0, 1e6),
    /** Read window. */
    READ_WINDOW("read-window.requests", "8", "reads inside the IOMMU, in order", 1, 65536),
    /** Write window. */
    WRITE_WINDOW("write-window.requests", "16", "posted writes inside the IOMMU, in order", 1, 65536),

    /** Data rate. */
    LINK_GENERATION("link.generation", "3", "PCIe generation", 1, 5),
    /** Lanes. */
    LINK_LANES("link.lanes", "8", "lanes: 1, 2, 4, 8 or 16", 1, 16),
    /** MPS. */
    LINK_MAX_PAYLOAD("link.max-payload", "256", "Max_Payload_Size in bytes", 128, 4096),
    /** MRRS. */
    LINK_MAX_READ_REQUEST("link.max-read-request", "512", "Max_Read_Request_Size in bytes", 128, 4096),
    /** RCB. */
    LINK_READ_COMPLETION_BOUNDARY(
            "link.read-completion-boundary", "64", "bytes at which completions are cut", "64, 128"),
    /** Propagation. */
    LINK_PROPAGATION("link.propagation-ns", "0", "ns one way, beyond what the device's times have of it", 0, 1e6),
    /** Sharing. */
    LINK_SHARING("link.sharing", "all", "which streams are one device on one link", "all, device, stream"),

    /** Credits for writes. */
    CREDITS_POSTED_HEADERS("credits.posted-headers", "0", "for writes and messages up; 0 is infinite", 0, 65535),
    /** Credits for their data. */
    CREDITS_POSTED_DATA("credits.posted-data", "0", "16 bytes each; 0 is infinite", 0, 65535),
    /** Credits for reads. */
    CREDITS_NON_POSTED_HEADERS("credits.non-posted-headers", "0", "for read requests up; 0 is infinite", 0, 65535),
    /** Credits for operands. */
    CREDITS_NON_POSTED_DATA("credits.non-posted-data", "0", "16 bytes each, for AtomicOps; 0 is infinite", 0, 65535),
    /** Credits for completions. */
    CREDITS_COMPLETION_HEADERS("credits.completion-headers", "0", "for completions down; 0 is infinite", 0, 65535),
    /** Credits for their data. */
    CREDITS_COMPLETION_DATA("credits.completion-data", "0", "16 bytes each; 0 is infinite", 0, 65535),
    /** Credits for messages. */
    CREDITS_MESSAGE_HEADERS("credits.message-headers", "0", "for messages down; 0 is infinite", 0, 65535),
    /** Credits for their data. */
    CREDITS_MESSAGE_DATA("credits.message-data", "0", "16 bytes each; 0 is infinite", 0, 65535),
    /** UpdateFC. */
    CREDITS_UPDATE("credits.update-ns", "200", "ns until the credits of a drained TLP are back", 0, 1e6),

    /** Latency of the root complex. */
    ROOT_COMPLEX_LATENCY("root-complex.latency-ns", "0", "ns each way between link and IOMMU or memory", 0, 1e6),
    /** Rate of the root complex. */
    ROOT_COMPLEX_RATE("root-complex.gbps", "0", "Gb/s of the queue of all links up; 0 is infinite", 0, 1e4),
    /** Size of completions. */
    ROOT_COMPLEX_COMPLETION(
            "root-complex.completion-bytes", "4096", "data of a completion, within Max_Payload_Size", 64, 4096),

    /** Reads outstanding. */
    DEVICE_READS("device.reads", "35", "reads that the device has outstanding", 1, 65536),
    /** Tags. */
    DEVICE_TAGS("device.tags", "0", "requests outstanding that want a completion; 0 is device.reads", 0, 65536),
    /** Writes outstanding. */
    DEVICE_WRITES("device.writes", "64", "writes that the device has outstanding", 1, 65536),
    /** Before the link. */
    DEVICE_BEFORE(
            "device.before-ns", "187", "ns from the device's decision to the link, with the way to the IOMMU", 0, 1e6),
    /** After the link. */
    DEVICE_AFTER("device.after-ns", "190", "ns from the link to the device's next decision", 0, 1e6),
    /** Command reads. */
    DEVICE_COMMAND_LESS("device.command-less-ns", "0", "ns by which single reads by command are faster", 0, 1e6),
    /** Data in the cache. */
    DATA_CACHED("data.cached-ns", "150", "ns from the IOMMU to data in the host's cache and back", 0, 1e6),
    /** Data in memory. */
    DATA_MEMORY_EXTRA("data.memory-extra-ns", "67", "ns by which data in memory take longer", 0, 1e6),
    /** Data of the other socket. */
    DATA_REMOTE_EXTRA("data.remote-extra-ns", "60", "ns by which data of another socket take longer", 0, 1e6),
    /** Policy of the ATC. */
    ATC_POLICY("atc.policy", "lru", "replacement policy", Legal.ONLINE_POLICIES),
    /** Size of the ATC. */
    ATC_ENTRIES("atc.entries", "0", "translations in each device's ATC; 0 is no ATS", 0, 1 << 20),
    /** Ways of the ATC. */
    ATC_WAYS("atc.ways", "0", "ways; 0 is fully associative", 0, 1 << 20),
    /** Latency of the ATC. */
    ATC_LATENCY("atc.latency-ns", "0", "ns that a lookup in the ATC takes", 0, 1e6),
    /** Software's time for a page. */
    PAGE_REQUEST_SERVICE(
            "page-request.service-ns", "0", "ns until software has answered a Page Request; 0 is no PRI", 0, 1e9),
    /** Where the accesses of a replay begin. */
    REPLAY_FROM("replay.from", "device", "where accesses of a replay begin and end", "device, iommu"),
    /** Where the data of a replay are. */
    DATA_PLACEMENT("data.placement", "cached", "where the data of a replay are", "cached, memory, remote"),
    /** Rate of data. */
    DATA_RATE("data.gbps", "0", "Gb/s of the data's memory; 0 is infinite", 0, 1e4);

    /** Before or behind the point; what has more is no sensible value, and takes long to compute with. */
    private static final int DIGITS = 30;

    /** Lists that several have. */
    private static final class Legal {
        static final String POLICIES = ReplacementPolicy.labels();
        static final String ONLINE_POLICIES = ReplacementPolicy.onlineLabels();
    }

    private static final Map<String, Parameter> BY_KEY = new TreeMap<>();

    static {
        for (Parameter p : values()) {
            BY_KEY.put(p.key, p);
        }
    }

    private enum Kind {
        INTEGER,
        DECIMAL,
        CHOICE
    }

    private final String key;
    private final Kind kind;
    private final String usual;
    private final String meaning;
    private final String legal;
    private final BigDecimal least;
    private final BigDecimal most;

    Parameter(String key, String usual, String meaning, int least, int most) {
        this(key, Kind.INTEGER, usual, meaning, "a whole number from " + least + " to " + most, least, most);
    }

    Parameter(String key, String usual, String meaning, double least, double most) {
        this(key, Kind.DECIMAL, usual, meaning, "a number from " + plain(least) + " to " + plain(most), least, most);
    }

    Parameter(String key, String usual, String meaning) {
        this(key, Kind.CHOICE, usual, meaning, "false, true", 0, 0);
    }

    Parameter(String key, String usual, String meaning, String choices) {
        this(key, Kind.CHOICE, usual, meaning, choices, 0, 0);
    }

    Parameter(String key, Kind kind, String usual, String meaning, String legal, double least, double most) {
        this.key = key;
        this.kind = kind;
        this.usual = usual;
        this.meaning = meaning;
        this.legal = legal;
        this.least = BigDecimal.valueOf(least);
        this.most = BigDecimal.valueOf(most);
    }

    private static String plain(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    /** The parameter with a key, or null. */
    public static @Nullable Parameter of(String key) {
        return BY_KEY.get(key);
    }

    /** Key in YAML, with a dot for each level. */
    public String key() {
        return key;
    }

    /** The value where none is set. */
    public String usual() {
        return usual;
    }

    /** What it means, with its unit. */
    public String meaning() {
        return meaning;
    }

    /** What is legal, for people. */
    public String legal() {
        return kind == Kind.CHOICE ? "one of " + legal : legal;
    }

    /** Whether a value is legal. */
    public boolean takes(String value) {
        if (kind == Kind.CHOICE) {
            return Arrays.asList(legal.split(", ")).contains(value);
        }
        try {
            BigDecimal number = new BigDecimal(value);
            if (Math.abs(number.scale()) > DIGITS || number.precision() > DIGITS) {
                return false;
            }
            boolean whole = kind == Kind.DECIMAL || number.stripTrailingZeros().scale() <= 0;
            return whole && number.compareTo(least) >= 0 && number.compareTo(most) <= 0;
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
