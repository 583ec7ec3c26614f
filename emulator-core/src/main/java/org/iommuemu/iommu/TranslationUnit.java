// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.WalkStatus;
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
    private final LeafRules rules;
    private final LeafUpdater updater;
    private final Fault fault = new Fault();
    private boolean enabled;
    private long translated;
    private long passedThrough;
    private long refused;

    /**
     * A unit that is not yet {@link #enable enabled}.
     *
     * @param architecture finds configuration and reports faults
     * @param walker walks the tables that a transaction meets first
     * @param memory where leaves are updated
     * @param stageTwo translates what comes out of them, where there is a second stage
     */
    public TranslationUnit(
            Architecture architecture,
            LeafRules rules,
            ConfigurationCache configurations,
            Iotlb iotlb,
            Walker walker,
            StageTwo stageTwo,
            PhysicalMemory memory) {
        updater = new LeafUpdater(memory, rules);
        this.architecture = architecture;
        this.rules = rules;
        this.stageTwo = stageTwo;
        this.configurations = configurations;
        this.iotlb = iotlb;
        this.walker = walker;
    }

    /** Switches translation on or off; caches keep what they hold. */
    public void enable(boolean on) {
        enabled = on;
    }

    /** Answers one transaction, which must not cross a 4 KiB page. */
    public void translate(Transaction t, Verdict v) {
        TranslationContext context = enabled ? configurations.lookup(t.streamId(), t.substreamId()) : null;
        if (context != null) {
            TableRoot root = context.root(t.address());
            if (root != null && hit(t, context, root, root.canonical(t.address()), v)) {
                return;
            }
        }
        translateSlow(t, context, v);
    }

    private boolean hit(Transaction t, TranslationContext context, TableRoot root, long address, Verdict v) {
        int entry = iotlb.lookup(root, address);
        if (entry < 0) {
            return false;
        }
        int need = context.need(t.access());
        if ((iotlb.permissions(entry) & need) == need) {
            translated++;
            v.ok(iotlb.output(entry, address), iotlb.hitShift(), iotlb.attributes(entry));
            return true;
        }
        if (context.second() != null || root.updatesDirtyState()) {
            // Which stage is to blame is not kept in the entry, nor whether the page may be made dirty: a walk tells.
            return false;
        }
        refuse(t, context, fault(FaultKind.PERMISSION, root, address).held(iotlb.permissions(entry)), v);
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
                refused++;
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
        if (!root.covers(address)) {
            refuse(t, context, fault(FaultKind.INPUT_RANGE, root, address), v);
        } else if (root.isDisabled()) {
            refuse(t, context, fault(FaultKind.WALK_DISABLED, root, address), v);
        } else {
            walk(t, context, root, address, v);
        }
    }

    private void walk(Transaction t, TranslationContext context, TableRoot root, long address, Verdict v) {
        TableRoot second = context.second();
        WalkStatus status = walker.walk(root, address, second == null ? null : stageTwo.through(second));
        if (status == WalkStatus.NOT_LOCATED) {
            refuse(t, context, stageTwo.fault(), v);
            return;
        }
        if (status != WalkStatus.OK) {
            refuse(t, context, fault(FaultKind.of(status), root, address).fetchAddress(walker.descriptorAddress()), v);
            return;
        }
        long leaf = walker.descriptor();
        boolean accessed = root.isAccessFlagIgnored() || root.format().isAccessed(leaf);
        if (!accessed && !root.updatesAccessFlag()) {
            refuse(t, context, fault(FaultKind.ACCESS_FLAG, root, address), v);
            return;
        }
        int need = context.need(t.access());
        updater.prepare(root, walker, need);
        int permissions = updater.permissions();
        if ((permissions & need) != need) {
            refuse(t, context, fault(FaultKind.PERMISSION, root, address).held(permissions), v);
            return;
        }
        if (updater.isUpdate(walker)) {
            // The descriptor is itself written through the second stage.
            if (second != null && !stageTwo.translateUpdate(second, walker.descriptorIntermediate())) {
                refuse(t, context, stageTwo.fault(), v);
                return;
            }
            if (!updater.write(root, walker)) {
                walk(t, context, root, address, v);
                return;
            }
        }
        int shift = root.format().shift(walker.height());
        int span = root.format().spanShift(leaf, walker.height());
        long output = walker.output() | address & (1L << shift) - 1;
        long attributes = rules.attributes(root, leaf);
        if (second != null) {
            if (!stageTwo.translate(second, output, need, Fault.Source.INPUT)) {
                refuse(t, context, stageTwo.fault(), v);
                return;
            }
            permissions &= stageTwo.permissions();
            shift = Math.min(shift, stageTwo.shift());
            span = shift;
            output = stageTwo.output();
            attributes = rules.combine(attributes, stageTwo.attributes());
        }
        iotlb.fill(root, address, output, shift, span, rules.isGlobal(root, leaf), permissions, attributes);
        translated++;
        v.ok(output, shift, attributes);
    }

    /** A fault of the tables that a transaction meets first; of the second stage, if those are its. */
    private Fault fault(FaultKind kind, TableRoot root, long address) {
        return fault.set(kind, root.stage(), Fault.Source.INPUT).intermediate(root.stage() == 2 ? address : 0);
    }

    private void refuse(Transaction t, TranslationContext context, Fault why, Verdict v) {
        refused++;
        architecture.fault(t, context, why, v);
    }

    private void count(Verdict v) {
        if (v.isOk()) {
            passedThrough++;
        } else {
            refused++;
        }
    }

    /** Drops the translations and table descriptors in a scope. */
    public void invalidate(InvalidationScope scope) {
        iotlb.invalidate(scope);
        if (!scope.isLeafOnly()) {
            walker.caches().invalidateIf(scope);
        }
        stageTwo.invalidate(scope);
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

    /** Transactions that were translated. */
    public long translated() {
        return translated;
    }

    /** Transactions that went through untranslated: bypass. */
    public long passedThrough() {
        return passedThrough;
    }

    /** Transactions that did not go on. */
    public long refused() {
        return refused;
    }
}
