// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.iommuemu.bits.Layout;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.Walker;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a translation unit and walks again, without caches, after every transaction: what the caches made of it must be
 * what the tables say. A page where it is not is reported once, with the age of the change and what was wrong with the
 * invalidations since.
 *
 * <p>Its own walks read memory, but mark nothing and count nowhere.
 */
public final class StaleDetector {
    /** Pages reported at most; further ones are counted. */
    public static final int MOST_PAGES = 1 << 16;

    private static final int SMALLEST_SHIFT = 12;
    private static final long NOTHING = -1;
    private static final long UNKNOWN = -2;

    private enum Kind {
        PAGE,
        CONFIGURATION,
        KEPT_BY_DEVICE
    }

    /** What is reported once: a page of an address space, the same in a device, or the configuration of a stream and substream. */
    private record Place(Kind kind, long tag, long address) {}

    private final TranslationUnit unit;
    private final LeafRules rules;
    private final TableRoot noTables;
    private final LongSupplier commands;
    private final TagNames names;
    private final InvalidationLog invalidations = new InvalidationLog();
    private final WriteStamps stamps;
    private final TranslationWalk fresh;
    private final StaleConfiguration configurations;
    private final Map<Place, StaleHit> hits = new LinkedHashMap<>();
    private final AddressSpaces spaces = new AddressSpaces();
    private WriteStamps.@Nullable Stamp change;
    private boolean changeOfSecond;
    private WriteStamps.@Nullable Stamp structures;
    private long sequence;
    private long dmas;
    private long staleAccesses;
    private boolean walked;
    private int stream;
    private int substream;

    /**
     * A detector that watches memory and invalidations from now on.
     *
     * @param noTables tables of nobody, see {@link StageTwo}
     * @param commands commands consumed so far
     * @param names what the architecture calls its tags
     * @param source makes what reads configuration from memory; the observer is to see every structure that it reads
     */
    public StaleDetector(
            TranslationUnit unit,
            PhysicalMemory memory,
            LeafRules rules,
            TableRoot noTables,
            LongSupplier commands,
            TagNames names,
            Function<StructureObserver, ConfigurationSource> source) {
        this.unit = unit;
        this.rules = rules;
        this.noTables = noTables;
        this.commands = commands;
        this.names = names;
        stamps = new WriteStamps(memory, this::now);
        fresh = walk(memory, true);
        configurations = new StaleConfiguration(source.apply(this::fetchedAgain), fresh, names);
        memory.watchWrites(stamps);
        unit.watch(scope -> invalidations.add(sequence++, scope), this::resolved);
        unit.configurations().logInvalidations(scope -> configurations.invalidated(sequence++, scope));
    }

    private void fetchedAgain(Layout layout, long address, long[] words) {
        configurations.dated(stamps.of(address, words.length));
    }

    private WriteStamps.Stamp now() {
        return new WriteStamps.Stamp(sequence++, commands.getAsLong(), dmas);
    }

    /** Is to see every configuration structure that is fetched. */
    public StructureObserver structureObserver() {
        return (layout, address, words) ->
                structures = WriteStamps.Stamp.later(structures, stamps.of(address, words.length));
    }

    private TranslationWalk walk(PhysicalMemory memory, boolean dated) {
        Walker walker = new Walker(
                memory,
                new WalkCaches("no walk cache", CacheConfiguration.none().walk()));
        StageTwo stageTwo = StageTwo.withoutCaches(rules, memory, noTables);
        if (dated) {
            walker.observe((root, height, address, descriptor) -> date(address, false));
            stageTwo.walker().observe((root, height, address, descriptor) -> date(address, true));
        }
        return new TranslationWalk(walker, stageTwo, rules, memory);
    }

    /** Of all descriptors on the way, and the configuration before them, the one that changed last is what changed. */
    private void date(long address, boolean ofSecond) {
        WriteStamps.Stamp latest = WriteStamps.Stamp.later(change, stamps.of(address));
        changeOfSecond = latest != null && latest.equals(change) ? changeOfSecond : ofSecond;
        change = latest;
    }

    /** Answers a transaction as the unit does, and compares. */
    public void translate(Transaction t, Verdict v) {
        long walks = unit.walker().walks();
        begin(t.streamId(), t.substreamId());
        unit.translate(t, v);
        walked = unit.walker().walks() != walks;
        TranslationContext context = used(t);
        if (context != null) {
            compareConfiguration(t, context, false);
        }
        TableRoot root = context == null ? null : context.root(t.address());
        if (context == null || root == null) {
            dmas++;
            return;
        }
        AddressSpaces.Space space = spaces.use(root, context.second(), structures);
        compare(t, v, context, root, space.change());
        dmas++;
        space.used(now());
    }

    /** Goes before a request, or an operation of software, that is not compared as a whole. */
    public void begin(int streamId, int substreamId) {
        stream = streamId;
        substream = substreamId;
        unit.configurations().forgetLastFill();
        structures = null;
    }

    /** Goes after a Translation Request: it may have filled caches by the configuration that it found in use. */
    public void end(Transaction request) {
        TranslationContext context = used(request);
        TableRoot root = context == null ? null : context.root(request.address());
        if (context != null) {
            compareConfiguration(request, context, true);
        }
        if (context != null && root != null) {
            spaces.use(root, context.second(), structures).used(now());
        }
    }

    /** The context that a transaction was answered by, or null; it may have been fetched and not kept. */
    private @Nullable TranslationContext used(Transaction t) {
        if (!unit.isEnabled()) {
            return null;
        }
        TranslationContext cached = unit.configurations().peek(t.streamId(), t.substreamId());
        return cached == null ? unit.configurations().lastFill() : cached;
    }

    private void compareConfiguration(Transaction t, TranslationContext context, boolean request) {
        boolean cached = unit.configurations().lastFill() == null;
        if (!cached || !configurations.isStale(t, context, request, now())) {
            return;
        }
        staleAccesses++;
        Place place = new Place(Kind.CONFIGURATION, StaleConfiguration.key(t.streamId(), t.substreamId()), 0);
        if (isReported(place)) {
            return;
        }
        StaleCause cause = configurations.cause(t, context);
        hit(
                place,
                t.address() & -(1L << SMALLEST_SHIFT),
                SMALLEST_SHIFT,
                configurations.usedAddress(),
                configurations.nowAddress(),
                "configuration",
                cause,
                configurations.closest(),
                configurations.changed());
    }

    private boolean isReported(Place place) {
        return hits.containsKey(place) || hits.size() >= MOST_PAGES;
    }

    private void hit(
            Place place,
            long first,
            int shift,
            long used,
            long is,
            String space,
            StaleCause cause,
            String detail,
            WriteStamps.@Nullable Stamp since) {
        long page = -(1L << shift);
        hits.put(
                place,
                new StaleHit(
                        stream,
                        substream,
                        first,
                        shift,
                        used < 0 ? -1 : used & page,
                        is < 0 ? -1 : is & page,
                        space,
                        cause,
                        detail,
                        since == null ? -1 : commands.getAsLong() - since.commands(),
                        since == null ? -1 : dmas - since.dmas()));
    }

    /** Compares what a Translation Request, or an operation of software, was told. */
    private void resolved(
            TableRoot root, @Nullable TableRoot second, long address, int need, int useful, int mode, boolean found) {
        // An operation of software uses no address space's translations, but only tables.
        boolean operation = (mode & TranslationWalk.SPLIT) != 0;
        begin(operation ? null : spaces.use(root, second, structures).change());
        boolean goes = fresh.run(root, second, address, need, useful, mode | TranslationWalk.NO_UPDATE);
        TranslationWalk told = unit.result();
        int granted = found ? told.permissions() & useful : 0;
        boolean nothing = granted == 0 && (!goes || (fresh.permissions() & useful) == 0);
        boolean alike =
                found == goes && (!found || told.output() == fresh.output()) && (granted & ~fresh.permissions()) == 0;
        if (nothing || alike || goes && !found && root.updatesAccessFlag()) {
            return;
        }
        stale(
                root,
                second,
                address,
                found ? told.shift() : root.format().granuleShift(),
                found ? told.output() : -1,
                goes);
    }

    /**
     * Whether the tables give what a device has kept of them. An access of which the IOMMU knows no configuration at the moment counts as
     * given.
     *
     * @param t what the device does, with the address that it asked for
     * @param used the physical address that it uses
     */
    public boolean isStillGiven(Transaction t, long used) {
        long given = given(t);
        return given == UNKNOWN || given == used;
    }

    /** What the tables give, {@link #NOTHING}, or {@link #UNKNOWN}. */
    private long given(Transaction t) {
        begin(t.streamId(), t.substreamId());
        TranslationContext context = used(t);
        TableRoot root = context == null ? null : context.root(t.address());
        if (context == null || root == null) {
            return UNKNOWN;
        }
        begin((WriteStamps.Stamp) null);
        int need = context.need(t.access());
        long address = root.canonical(t.address());
        boolean goes = fresh.run(root, context.second(), address, need, need, TranslationWalk.NO_UPDATE);
        return goes ? fresh.output() : NOTHING;
    }

    /**
     * Reports that a device has used what the tables no longer give: once for a page.
     *
     * @param t see {@link #isStillGiven}
     * @param shift log2 of the size of the page that it has kept
     */
    public void keptByDevice(Transaction t, long used, int shift) {
        long given = given(t);
        if (given == UNKNOWN || given == used) {
            return;
        }
        staleAccesses++;
        long first = t.address() & -(1L << shift);
        Place place = new Place(
                Kind.KEPT_BY_DEVICE, (long) t.streamId() << Integer.SIZE | t.substreamId() & 0xFFFF_FFFFL, first);
        if (!isReported(place)) {
            hit(place, first, shift, used, given, "ATC", StaleCause.KEPT_BY_DEVICE, "", change);
        }
    }

    private void begin(WriteStamps.@Nullable Stamp configured) {
        change = configured;
        changeOfSecond = false;
    }

    private void compare(
            Transaction t,
            Verdict v,
            TranslationContext context,
            TableRoot root,
            WriteStamps.@Nullable Stamp configured) {
        long address = root.canonical(t.address());
        begin(configured);
        int need = context.need(t.access());
        boolean goes = fresh.run(root, context.second(), address, need, need, TranslationWalk.NO_UPDATE);
        long attributes = fresh.attributes() | context.attributes();
        if (goes == v.isOk() && (!goes || fresh.output() == v.address() && attributes == v.attributes())) {
            return;
        }
        if (goes && !v.isOk() && walked && root.updatesAccessFlag()) {
            // A walk that could not mark a descriptor was refused for that, which walks without marks do not see.
            return;
        }
        int shift = v.isOk() ? v.pageShift() : root.format().granuleShift();
        stale(root, context.second(), address, shift, v.isOk() ? v.address() : -1, goes);
    }

    private void stale(TableRoot root, @Nullable TableRoot second, long address, int shift, long used, boolean goes) {
        staleAccesses++;
        long first = address & -(1L << shift);
        Place place = new Place(Kind.PAGE, root.tag(), first);
        if (isReported(place)) {
            return;
        }
        boolean global = unit.iotlb().isHeldGlobally(root, address);
        StaleCause cause = invalidations.causeSince(
                change == null ? 0 : change.sequence(),
                global ? root.globalTag() : root.tag(),
                global,
                second,
                changeOfSecond,
                first,
                first | (1L << shift) - 1);
        InvalidationScope closest = invalidations.closest();
        long is = goes ? fresh.output() : -1;
        String detail = closest == null ? "" : text(closest);
        hit(place, first, shift, used, is, names.addressSpace(root.tag()), cause, detail, change);
    }

    private String text(InvalidationScope scope) {
        String range = scope.first() == 0 && scope.last() == -1L
                ? "every address"
                : String.format("0x%x to 0x%x", scope.first(), scope.last());
        return (scope.isAnyTag() ? "every address space" : names.addressSpace(scope.tag())) + ", " + range;
    }

    /**
     * The translations in the IOTLB that the tables in {@code memory} do not give, by address space and address. The tables are
     * those that the last transaction of the address space used; an address space that none has used is not looked at.
     */
    public List<StaleEntry> staleEntries(PhysicalMemory memory) {
        return new ResidentTranslations(unit.iotlb(), spaces, names).stale(walk(memory, false));
    }

    /** The pages that were accessed by a stale translation, in the order of their first access. */
    public List<StaleHit> hits() {
        return List.copyOf(hits.values());
    }

    /** Accesses by a stale translation, those of pages already reported included. */
    public long staleAccesses() {
        return staleAccesses;
    }

    /** Transactions compared so far. */
    public long transactions() {
        return dmas;
    }
}
