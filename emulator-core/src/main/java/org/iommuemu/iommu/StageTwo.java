// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableLocator;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.WalkStatus;
import org.iommuemu.paging.Walker;

/**
 * The second stage of translation: from intermediate to physical addresses, for what a transaction addresses after the first
 * stage, for the first stage's tables, and for configuration structures. The result is left here until the next translation.
 */
public final class StageTwo implements TableLocator {
    private static final int TABLE_WRITE = Permission.PRIVILEGED_WRITE;

    private final Walker walker;
    private final Iotlb cache;
    private final LeafRules rules;
    private final LeafUpdater updater;
    private final Fault fault = new Fault();
    private TableRoot tableRoot;
    private int tableMode;
    private long output;
    private int shift;
    private int permissions;
    private long attributes;

    /**
     * A second stage.
     *
     * @param walker walks its tables
     * @param cache keeps its translations (the IPA cache)
     * @param memory where leaves are updated
     * @param unused a root to start with, so that there always is one
     */
    public StageTwo(Walker walker, Iotlb cache, LeafRules rules, PhysicalMemory memory, TableRoot unused) {
        updater = new LeafUpdater(memory, rules);
        this.walker = walker;
        this.cache = cache;
        this.rules = rules;
        tableRoot = unused;
    }

    /** A second stage that keeps nothing. */
    public static StageTwo withoutCaches(LeafRules rules, PhysicalMemory memory, TableRoot unused) {
        return new StageTwo(
                new Walker(
                        memory,
                        new WalkCaches(
                                "no walk cache", CacheConfiguration.none().stage2Walk())),
                new Iotlb("no cache", CacheGeometry.none(), false),
                rules,
                memory,
                unused);
    }

    /** The locator for a first stage whose tables this root maps; of a walk's mode, only what concerns updates counts. */
    TableLocator through(TableRoot root, int mode) {
        tableRoot = root;
        tableMode = mode & TranslationWalk.NO_UPDATE;
        return this;
    }

    @Override
    public long locate(long intermediate) {
        return translateStructure(tableRoot, intermediate, Fault.Source.TABLE, tableMode) ? output : NOWHERE;
    }

    @Override
    public long locateForUpdate(long intermediate) {
        return translateUpdate(tableRoot, intermediate) ? output : NOWHERE;
    }

    @Override
    public int locatedShift() {
        return shift;
    }

    /** Translates the address of a structure or table that is about to be read; false leaves a {@link #fault()}. */
    public boolean translateStructure(TableRoot root, long intermediate, Fault.Source source, int mode) {
        if (!translate(root, intermediate, rules.tableNeed(root), source, mode)) {
            return false;
        }
        if (!rules.mayHoldTables(root, attributes)) {
            fault.set(FaultKind.PERMISSION, 2, source).held(permissions).intermediate(intermediate);
            return false;
        }
        return true;
    }

    /**
     * Translates.
     *
     * @param need permission bits that the access needs
     * @param source what is being accessed, for the fault
     * @param mode see {@link TranslationWalk}
     * @return whether it is allowed; if not, {@link #fault()} tells why
     */
    boolean translate(TableRoot root, long intermediate, int need, Fault.Source source, int mode) {
        if (!root.covers(intermediate)) {
            fault.set(FaultKind.INPUT_RANGE, 2, source).intermediate(intermediate);
            return false;
        }
        int entry = cache.lookup(root, intermediate);
        if (entry >= 0) {
            FaultKind kept = cache.fault(entry);
            if (kept != null) {
                fault.set(kept, 2, source).intermediate(intermediate);
                return false;
            }
            permissions = cache.permissions(entry);
            output = cache.output(entry, intermediate);
            shift = cache.hitShift();
            attributes = cache.attributes(entry);
            if ((permissions & need) == need) {
                return true;
            }
            if (!root.updatesDirtyState()) {
                return lacksPermission(intermediate, permissions, source, mode);
            }
        }
        return walk(root, intermediate, need, source, mode);
    }

    /** What is missing is a fault, unless the translation is only to be reported. */
    private boolean lacksPermission(long intermediate, int held, Fault.Source source, int mode) {
        fault.set(FaultKind.PERMISSION, 2, source).held(held).intermediate(intermediate);
        return (mode & TranslationWalk.REPORT) != 0;
    }

    private boolean walk(TableRoot root, long intermediate, int need, Fault.Source source, int mode) {
        boolean written = (mode & TranslationWalk.NO_UPDATE) == 0;
        WalkStatus status = walker.walk(root, intermediate, null, written);
        if (status != WalkStatus.OK) {
            FaultKind kind = FaultKind.of(status);
            cache.fillFault(root, intermediate, kind);
            fault.set(kind, 2, source)
                    .intermediate(intermediate)
                    .fetchAddress(walker.descriptorAddress())
                    .top(walker.height() == root.startHeight());
            return false;
        }
        boolean accessed = root.isAccessFlagIgnored() || root.format().isAccessed(walker.descriptor());
        if (!accessed && !root.updatesAccessFlag()) {
            fault.set(FaultKind.ACCESS_FLAG, 2, source).intermediate(intermediate);
            return false;
        }
        updater.prepare(root, walker, need);
        permissions = updater.permissions();
        if ((permissions & need) != need && !lacksPermission(intermediate, updater.obtainable(), source, mode)) {
            return false;
        }
        if (written && updater.isUpdate(walker) && root.refusesUpdates()) {
            fault.set(FaultKind.UPDATE, 2, source).intermediate(intermediate);
            return false;
        }
        if (written && updater.isUpdate(walker) && !updater.write(root, walker)) {
            return walk(root, intermediate, need, source, mode);
        }
        shift = walker.shift();
        output = walker.output() | intermediate & (1L << shift) - 1;
        attributes = rules.attributes(root, walker.descriptor());
        int span = root.format().spanShift(walker.descriptor(), walker.height());
        if (written || !updater.isUpdate(walker) && !walker.isUnmarked()) {
            cache.fill(root, intermediate, output, shift, span, false, permissions, attributes);
        }
        return true;
    }

    /** Translates the address of a descriptor that is about to be updated; false leaves a {@link #fault()}. */
    boolean translateUpdate(TableRoot root, long intermediate) {
        if (!translate(root, intermediate, TABLE_WRITE, Fault.Source.TABLE, TranslationWalk.ACCESS)) {
            fault.update();
            return false;
        }
        return true;
    }

    /** Physical address of the last translation. */
    public long output() {
        return output;
    }

    /** log2 of the leaf's size of the last translation. */
    int shift() {
        return shift;
    }

    /** Permission bits of the last translation. */
    int permissions() {
        return permissions;
    }

    /** Memory attributes of the last translation. */
    long attributes() {
        return attributes;
    }

    /** Why the last translation failed. */
    public Fault fault() {
        return fault;
    }

    /** Leaves that hardware marked or tried to mark so far, as accessed or dirty. */
    public long leafUpdates() {
        return updater.updates();
    }

    /** The walker of this stage's tables. */
    public Walker walker() {
        return walker;
    }

    /** The cache of this stage's translations. */
    public Iotlb cache() {
        return cache;
    }

    /** Leaves updated so far. */
    long updates() {
        return updater.updates();
    }

    /** Whether neither this stage's cache nor its walk caches hold anything. */
    boolean isEmpty() {
        return cache.cache().size() == 0 && walker.caches().isEmpty();
    }

    /** Drops everything. */
    void forget() {
        invalidate(new InvalidationScope().everything());
    }

    void invalidate(InvalidationScope scope) {
        cache.invalidate(scope);
        if (!scope.isLeafOnly()) {
            walker.caches().invalidateIf(scope);
        }
    }
}
