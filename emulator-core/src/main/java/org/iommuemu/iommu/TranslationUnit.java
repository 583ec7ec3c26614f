// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.function.Consumer;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.Walker;
import org.jspecify.annotations.Nullable;

/**
 * The translation pipeline: configuration cache, IOTLB, walk. A hit ends in {@link #translate}; everything else in {@link
 * #translateSlow}. Neither allocates.
 */
public final class TranslationUnit {
    private final Architecture architecture;
    private final ConfigurationCache configurations;
    private final Iotlb iotlb;
    private final Walker walker;
    private final StageTwo stageTwo;
    private final TranslationWalk walk;
    private final Fault fault = new Fault();
    private final RecentTranslations recent;
    private @Nullable Consumer<InvalidationScope> invalidationLog;
    private @Nullable ResolveObserver resolveObserver;
    private boolean enabled;
    private long translated;
    private long passedThrough;
    private long refused;
    private long stalled;
    private long invalidations;

    /**
     * A unit that is not yet {@link #enable enabled}.
     *
     * @param architecture finds configuration and reports faults
     * @param rules what leaves mean
     * @param walker walks the tables that a transaction meets first
     * @param stageTwo translates what comes out of them, where there is a second stage
     * @param memory where leaves are updated
     */
    public TranslationUnit(
            Architecture architecture,
            LeafRules rules,
            ConfigurationCache configurations,
            Iotlb iotlb,
            Walker walker,
            StageTwo stageTwo,
            PhysicalMemory memory) {
        walk = new TranslationWalk(walker, stageTwo, rules, memory);
        this.architecture = architecture;
        this.stageTwo = stageTwo;
        this.configurations = configurations;
        this.iotlb = iotlb;
        this.walker = walker;
        recent = new RecentTranslations(configurations, iotlb);
    }

    /** Switches translation on or off; caches keep what they hold. */
    public void enable(boolean on) {
        enabled = on;
        recent.cleared();
    }

    /** Answers one untranslated transaction, which must not cross a 4 KiB page. */
    public void translate(Transaction t, Verdict v) {
        if (!recent.answer(t, v)) {
            translateByLookup(t, v);
        }
    }

    private void translateByLookup(Transaction t, Verdict v) {
        TranslationContext context = enabled ? configurations.lookup(t.streamId(), t.substreamId()) : null;
        if (context != null) {
            TableRoot root = context.root(t.address());
            if (root != null && hit(t, context, root, root.canonical(t.address()), v)) {
                if (v.isOk()) {
                    recent.remember(t, context, v);
                }
                return;
            }
        }
        translateSlow(t, context, v);
    }

    /** Answers a transaction by a context that somebody else has found for it. */
    public void translate(Transaction t, TranslationContext context, Verdict v) {
        TableRoot root = context.root(t.address());
        if (root == null) {
            architecture.passThrough(t, context, v);
            count(v);
        } else if (!hit(t, context, root, root.canonical(t.address()), v)) {
            walk(t, context, root, root.canonical(t.address()), v);
        }
    }

    private boolean hit(Transaction t, TranslationContext context, TableRoot root, long address, Verdict v) {
        int entry = iotlb.lookup(root, address);
        if (entry < 0) {
            return false;
        }
        int need = context.need(t.access());
        if ((iotlb.permissions(entry) & need) == need) {
            translated++;
            v.ok(iotlb.output(entry, address), iotlb.hitShift(), iotlb.attributes(entry) | context.attributes());
            return true;
        }
        FaultKind kept = iotlb.fault(entry);
        if (kept != null) {
            fault.set(kept, root.stage(), Fault.Source.INPUT).intermediate(address);
            refuse(t, context, fault, v);
            return true;
        }
        if (context.second() != null || root.updatesDirtyState() || root.isPrivilegedOnly()) {
            // Which stage is to blame is not kept in the entry, nor whether the page may be made dirty: a walk tells.
            // Nor is a root that unprivileged requests must not use.
            return false;
        }
        fault.set(FaultKind.PERMISSION, root.stage(), Fault.Source.INPUT)
                .intermediate(root.stage() == 2 ? address : 0)
                .held(iotlb.permissions(entry));
        refuse(t, context, fault, v);
        return true;
    }

    private void translateSlow(Transaction t, @Nullable TranslationContext cached, Verdict v) {
        if (!enabled) {
            architecture.translateDisabled(t, v);
            count(v);
            return;
        }
        TranslationContext context = cached;
        if (context == null) {
            context = architecture.fetchContext(t, v);
            if (context == null) {
                count(v);
                return;
            }
            configurations.fill(t.streamId(), t.substreamId(), context);
        }
        TableRoot root = context.root(t.address());
        if (root == null) {
            architecture.passThrough(t, context, v);
            count(v);
            return;
        }
        long address = root.canonical(t.address());
        // Configuration that had to be fetched says nothing of the IOTLB, which may hold the translation all the same.
        if (cached == null && hit(t, context, root, address, v)) {
            return;
        }
        walk(t, context, root, address, v);
    }

    private void walk(Transaction t, TranslationContext context, TableRoot root, long address, Verdict v) {
        if (!walk.run(
                root, context.second(), address, context.need(t.access()), Permission.ALL, TranslationWalk.ACCESS)) {
            fillFault(root, address);
            refuse(t, context, walk.fault(), v);
            return;
        }
        fill(root, address);
        translated++;
        v.ok(walk.output(), walk.shift(), walk.attributes() | context.attributes());
    }

    /**
     * Puts into the IOTLB what a transaction would need at another address, if its stream's configuration is cached and there is such
     * a translation; otherwise nothing comes of it. Nothing is done behind tables that hardware marks: marks are of accesses.
     *
     * @return whether the IOTLB has gained it; {@link Iotlb#lastEntry} is its entry then
     */
    public boolean prefetch(Transaction t, long input) {
        TranslationContext context = enabled ? configurations.peek(t.streamId(), t.substreamId()) : null;
        TableRoot root = context == null ? null : context.root(input);
        if (context == null || root == null || isMarking(root) || isMarking(context.second())) {
            return false;
        }
        long address = root.canonical(input);
        int mode = TranslationWalk.REPORT | TranslationWalk.NO_UPDATE;
        if (iotlb.holds(root, address)
                || !walk.run(root, context.second(), address, 0, Permission.ALL, mode)
                || walk.permissions() == 0
                || walk.meetsForbidden()) {
            return false;
        }
        fill(root, address);
        return iotlb.lastEntry() >= 0;
    }

    private static boolean isMarking(@Nullable TableRoot root) {
        return root != null && (root.updatesAccessFlag() || root.updatesDirtyState() || root.updatesTableFlag());
    }

    private void fill(TableRoot root, long address) {
        if (walk.meetsForbidden()) {
            return;
        }
        iotlb.fill(
                root,
                address,
                walk.output(),
                walk.shift(),
                walk.span(),
                walk.isGlobal(),
                walk.permissions(),
                walk.attributes());
        recent.adjust();
    }

    private void fillFault(TableRoot root, long address) {
        iotlb.fillFault(root, address, walk.fault().kind());
        recent.adjust();
    }

    /**
     * Translates for somebody who will keep the result, or only wants to know: reports instead of judging.
     *
     * @param need {@link org.iommuemu.paging.Permission} bits that would be used, for hardware's updates of leaves
     * @param useful bits without which a first stage's translation is of no use, see {@link TranslationWalk#run}
     * @param mode see {@link TranslationWalk}; the result may come from the IOTLB, and goes there, if this is {@link
     *     TranslationWalk#REPORT} alone
     * @return whether there is a translation: {@link #result()} has it, or the fault
     */
    public boolean resolve(TableRoot root, @Nullable TableRoot second, long input, int need, int useful, int mode) {
        long address = root.canonical(input);
        boolean found = resolveCanonical(root, second, address, need, useful, mode);
        if (resolveObserver != null) {
            resolveObserver.resolved(root, second, address, need, useful, mode, found);
        }
        return found;
    }

    private boolean resolveCanonical(
            TableRoot root, @Nullable TableRoot second, long address, int need, int useful, int mode) {
        if (mode != TranslationWalk.REPORT) {
            return walk.run(root, second, address, need, useful, mode);
        }
        int entry = iotlb.lookup(root, address);
        FaultKind kept = entry < 0 ? null : iotlb.fault(entry);
        if (kept != null) {
            walk.refused(kept, root, address);
            return false;
        }
        boolean updates = root.updatesDirtyState() || second != null && second.updatesDirtyState();
        if (entry >= 0 && (!updates || (iotlb.permissions(entry) & need) == need)) {
            walk.found(
                    iotlb.output(entry, address), iotlb.hitShift(), iotlb.permissions(entry), iotlb.attributes(entry));
            return true;
        }
        boolean found = walk.run(root, second, address, need, useful, mode);
        if (!found) {
            fillFault(root, address);
        } else if (walk.permissions() != 0) {
            fill(root, address);
        }
        return found;
    }

    /** The last walk. */
    public TranslationWalk result() {
        return walk;
    }

    private void refuse(Transaction t, TranslationContext context, Fault why, Verdict v) {
        architecture.fault(t, context, why, v);
        count(v);
    }

    private void count(Verdict v) {
        switch (v.status()) {
            case OK -> passedThrough++;
            case STALLED -> stalled++;
            case ABORT, READ_ZERO_WRITE_IGNORED -> refused++;
        }
    }

    /** What the configuration cache has of a stream and substream, or null. */
    public @Nullable TranslationContext lookupContext(int streamId, int substreamId) {
        return configurations.lookup(streamId, substreamId);
    }

    /** Gives the configuration cache what it lacked. */
    public void keepContext(int streamId, int substreamId, TranslationContext context) {
        configurations.fill(streamId, substreamId, context);
    }

    /** Drops the translations and table descriptors in a scope. */
    public void invalidate(InvalidationScope scope) {
        invalidations += scope.isSideEffect() ? 0 : 1;
        if (invalidationLog != null) {
            invalidationLog.accept(scope);
        }
        iotlb.invalidate(scope);
        if (!scope.isLeafOnly()) {
            walker.caches().invalidateIf(scope);
        }
        stageTwo.invalidate(scope);
    }

    /** Whether no cache holds anything. */
    public boolean isEmpty() {
        return configurations.cache().size() == 0
                && iotlb.cache().size() == 0
                && walker.caches().isEmpty()
                && stageTwo.isEmpty();
    }

    /** Shows every invalidation, whose scope is not to be kept, and every {@link #resolve} from now on. */
    void watch(Consumer<InvalidationScope> log, ResolveObserver onResolve) {
        invalidationLog = log;
        resolveObserver = onResolve;
    }

    /** Whether translation is on. */
    boolean isEnabled() {
        return enabled;
    }

    /** The configuration cache. */
    public ConfigurationCache configurations() {
        return configurations;
    }

    /** The IOTLB. */
    public Iotlb iotlb() {
        return iotlb;
    }

    /** The walker. */
    public Walker walker() {
        return walker;
    }

    /** The second stage. */
    public StageTwo stageTwo() {
        return stageTwo;
    }

    /** Descriptors of either stage, leaves and tables, that hardware has marked. */
    public long hardwareUpdates() {
        return walk.updates()
                + stageTwo.updates()
                + walker.tableUpdates()
                + stageTwo.walker().tableUpdates();
    }

    /** Transactions that were translated. */
    public long translated() {
        return translated + recent.answered();
    }

    /** Those of {@link #translated} that needed no lookup, being like an earlier one that hit every cache. */
    public long translatedAgain() {
        return recent.answered();
    }

    /** Requests so far to invalidate translations, whatever they dropped. */
    public long invalidations() {
        return invalidations;
    }

    /** Transactions that went through untranslated: bypass. */
    public long passedThrough() {
        return passedThrough;
    }

    /** Transactions that were ended here. */
    public long refused() {
        return refused;
    }

    /** Times that a transaction was held back; each one is translated anew when it is let go. */
    public long stalled() {
        return stalled;
    }
}
