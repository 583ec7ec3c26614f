// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
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

    private record Space(TableRoot root, @Nullable TableRoot second) {}

    private final TranslationUnit unit;
    private final LeafRules rules;
    private final TableRoot noTables;
    private final LongSupplier commands;
    private final LongFunction<String> names;
    private final InvalidationLog invalidations = new InvalidationLog();
    private final WriteStamps stamps;
    private final TranslationWalk fresh;
    private final Map<Page, StaleHit> hits = new LinkedHashMap<>();
    private final Map<Long, Space> spaces = new HashMap<>();
    private WriteStamps.@Nullable Stamp change;
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
        stamps = new WriteStamps(() -> new WriteStamps.Stamp(sequence++, commands.getAsLong(), dmas));
        fresh = walk(memory, true);
        memory.watchWrites(stamps);
        unit.logInvalidations(scope -> invalidations.add(sequence++, scope));
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

    /** Of all descriptors on the way, the one that was written last is what changed. */
    private void date(long address) {
        WriteStamps.Stamp stamp = stamps.of(address);
        if (stamp != null && (change == null || stamp.sequence() > change.sequence())) {
            change = stamp;
        }
    }

    /** Answers a transaction as the unit does, and compares. */
    public void translate(Transaction t, Verdict v) {
        long walks = unit.walker().walks();
        unit.configurations().forgetLastFill();
        unit.translate(t, v);
        walked = unit.walker().walks() != walks;
        TranslationContext context = used(t);
        TableRoot root = context == null ? null : context.root(t.address());
        if (context != null && root != null) {
            compare(t, v, context, root);
        }
        dmas++;
    }

    /** The context that a transaction was answered by, or null; it may have been fetched and not kept. */
    private @Nullable TranslationContext used(Transaction t) {
        TranslationContext cached = unit.configurations().peek(t.streamId(), t.substreamId());
        return cached == null ? unit.configurations().lastFill() : cached;
    }

    private void compare(Transaction t, Verdict v, TranslationContext context, TableRoot root) {
        spaces.putIfAbsent(root.tag(), new Space(root, context.second()));
        long address = root.canonical(t.address());
        change = null;
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
     * The translations in the IOTLB that the tables in {@code memory} do not give, by address space and address. Those of an
     * address space that no transaction has used yet are not looked at.
     */
    public List<StaleEntry> staleEntries(PhysicalMemory memory) {
        TranslationWalk walk = walk(memory, false);
        List<StaleEntry> stale = new ArrayList<>();
        unit.iotlb().cache().forEach((entry, tag0, tag1, value0, value1) -> {
            Space space = spaces.get(tag1);
            if (space == null || EntryTag.isGlobal(tag0)) {
                return;
            }
            long address = EntryTag.first(tag0);
            int mode = TranslationWalk.REPORT | TranslationWalk.NO_UPDATE;
            boolean goes = walk.run(space.root, space.second, address, 0, Permission.ALL, mode);
            long output = value0 & ~(long) PERMISSIONS;
            boolean allowed = goes && (value0 & PERMISSIONS & ~walk.permissions()) == 0;
            if (!goes || !allowed || walk.output() != output) {
                stale.add(new StaleEntry(names.apply(tag1), tag1, address, EntryTag.shift(tag0), output));
            }
        });
        stale.sort(Comparator.comparingLong(StaleEntry::tag).thenComparing(StaleEntry::address, Long::compareUnsigned));
        return stale;
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
