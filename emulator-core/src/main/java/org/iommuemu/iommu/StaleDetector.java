// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.EntryTag;
import org.iommuemu.paging.Permission;
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

    private static final int PERMISSIONS = 0x3F;

    private record Page(long tag, long address) {}

    private final TranslationUnit unit;
    private final LeafRules rules;
    private final TableRoot noTables;
    private final LongSupplier commands;
    private final LongFunction<String> names;
    private final InvalidationLog invalidations = new InvalidationLog();
    private final WriteStamps stamps;
    private final TranslationWalk fresh;
    private final Map<Page, StaleHit> hits = new LinkedHashMap<>();
    private final AddressSpaces spaces = new AddressSpaces();
    private WriteStamps.@Nullable Stamp change;
    private WriteStamps.@Nullable Stamp structures;
    private long sequence;
    private long dmas;
    private long staleAccesses;
    private boolean walked;

    /**
     * A detector that watches memory and invalidations from now on.
     *
     * @param noTables tables of nobody, see {@link StageTwo}
     * @param commands commands consumed so far
     * @param names what the architecture calls the address space of a tag
     */
    public StaleDetector(
            TranslationUnit unit,
            PhysicalMemory memory,
            LeafRules rules,
            TableRoot noTables,
            LongSupplier commands,
            LongFunction<String> names) {
        this.unit = unit;
        this.rules = rules;
        this.noTables = noTables;
        this.commands = commands;
        this.names = names;
        stamps = new WriteStamps(memory, this::now);
        fresh = walk(memory, true);
        memory.watchWrites(stamps);
        unit.logInvalidations(scope -> invalidations.add(sequence++, scope));
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
        Walker second = new Walker(
                memory,
                new WalkCaches("no walk cache", CacheConfiguration.none().walk()));
        if (dated) {
            walker.observe((root, height, address, descriptor) -> date(address));
            second.observe((root, height, address, descriptor) -> date(address));
        }
        StageTwo stageTwo =
                new StageTwo(second, new Iotlb("no cache", CacheGeometry.none(), false), rules, memory, noTables);
        return new TranslationWalk(walker, stageTwo, rules, memory);
    }

    /** Of all descriptors on the way, and the configuration before them, the one that changed last is what changed. */
    private void date(long address) {
        change = WriteStamps.Stamp.later(change, stamps.of(address));
    }

    /** Answers a transaction as the unit does, and compares. */
    public void translate(Transaction t, Verdict v) {
        long walks = unit.walker().walks();
        begin();
        unit.translate(t, v);
        walked = unit.walker().walks() != walks;
        TranslationContext context = used(t);
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

    /** Goes before a request that is not compared. */
    public void begin() {
        unit.configurations().forgetLastFill();
        structures = null;
    }

    /** Goes after a request that is not compared: it may have filled caches by the configuration that it found in use. */
    public void end(Transaction request) {
        TranslationContext context = used(request);
        TableRoot root = context == null ? null : context.root(request.address());
        if (context != null && root != null) {
            spaces.use(root, context.second(), structures).used(now());
        }
    }

    /** The context that a transaction was answered by, or null; it may have been fetched and not kept. */
    private @Nullable TranslationContext used(Transaction t) {
        TranslationContext cached = unit.configurations().peek(t.streamId(), t.substreamId());
        return cached == null ? unit.configurations().lastFill() : cached;
    }

    private void compare(
            Transaction t,
            Verdict v,
            TranslationContext context,
            TableRoot root,
            WriteStamps.@Nullable Stamp configured) {
        long address = root.canonical(t.address());
        change = configured;
        int need = context.need(t.access());
        boolean goes = fresh.run(root, context.second(), address, need, need, TranslationWalk.NO_UPDATE);
        if (goes == v.isOk() && (!goes || fresh.output() == v.address() && fresh.attributes() == v.attributes())) {
            return;
        }
        if (goes && !v.isOk() && walked && root.updatesAccessFlag()) {
            // A walk that could not mark a descriptor was refused for that, which walks without marks do not see.
            return;
        }
        staleAccesses++;
        int shift = v.isOk() ? v.pageShift() : root.format().granuleShift();
        long first = address & -(1L << shift);
        Page page = new Page(root.tag(), first);
        if (hits.containsKey(page) || hits.size() >= MOST_PAGES) {
            return;
        }
        WriteStamps.Stamp since = change;
        boolean global = unit.iotlb().isHeldGlobally(root, address);
        StaleCause cause = invalidations.causeSince(
                since == null ? 0 : since.sequence(),
                global ? root.globalTag() : root.tag(),
                global,
                context.second(),
                first,
                first | (1L << shift) - 1);
        InvalidationScope closest = invalidations.closest();
        hits.put(
                page,
                new StaleHit(
                        t.streamId(),
                        t.substreamId(),
                        first,
                        shift,
                        v.isOk() ? v.address() & -(1L << shift) : -1,
                        goes ? fresh.output() & -(1L << shift) : -1,
                        names.apply(root.tag()),
                        cause,
                        closest == null ? "" : text(closest),
                        since == null ? -1 : commands.getAsLong() - since.commands(),
                        since == null ? -1 : dmas - since.dmas()));
    }

    private String text(InvalidationScope scope) {
        String range = scope.first() == 0 && scope.last() == -1L
                ? "every address"
                : String.format("0x%x to 0x%x", scope.first(), scope.last());
        return names.apply(scope.tag()) + ", " + range;
    }

    /**
     * The translations in the IOTLB that the tables in {@code memory} do not give, by address space and address. The tables are
     * those that the last transaction of the address space used; an address space that none has used is not looked at.
     */
    public List<StaleEntry> staleEntries(PhysicalMemory memory) {
        TranslationWalk walk = walk(memory, false);
        List<StaleEntry> stale = new ArrayList<>();
        unit.iotlb().cache().forEach((entry, tag0, tag1, value0, value1) -> {
            AddressSpaces.Space space = spaces.find(tag1, EntryTag.first(tag0));
            if (space != null && !EntryTag.isGlobal(tag0) && !isGiven(walk, space, tag0, value0)) {
                long output = value0 & ~(long) PERMISSIONS;
                stale.add(new StaleEntry(names.apply(tag1), tag1, EntryTag.first(tag0), EntryTag.shift(tag0), output));
            }
        });
        stale.sort(Comparator.comparingLong(StaleEntry::tag).thenComparing(StaleEntry::address, Long::compareUnsigned));
        return stale;
    }

    /** Whether the tables give all of an entry, which may be a block that they map by smaller pages now. */
    private static boolean isGiven(TranslationWalk walk, AddressSpaces.Space space, long tag0, long value0) {
        long first = EntryTag.first(tag0);
        long bytes = 1L << EntryTag.shift(tag0);
        int mode = TranslationWalk.REPORT | TranslationWalk.NO_UPDATE;
        for (long done = 0; done < bytes; done = (done | (1L << walk.shift()) - 1) + 1) {
            boolean goes = walk.run(space.root(), space.second(), first + done, 0, Permission.ALL, mode);
            boolean same = goes
                    && walk.output() == (value0 & ~(long) PERMISSIONS) + done
                    && (value0 & PERMISSIONS & ~walk.permissions()) == 0;
            if (!same) {
                return false;
            }
        }
        return true;
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
