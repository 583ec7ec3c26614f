// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

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
    private boolean enabled;
    private long translated;
    private long passedThrough;
    private long refused;

    /**
     * A unit that is not yet {@link #enable enabled}.
     *
     * @param architecture finds configuration and reports faults
     */
    public TranslationUnit(Architecture architecture, ConfigurationCache configurations, Iotlb iotlb, Walker walker) {
        this.architecture = architecture;
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
        } else {
            refuse(t, context, FaultKind.PERMISSION, iotlb.permissions(entry), v);
        }
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
            refuse(t, context, FaultKind.INPUT_RANGE, 0, v);
        } else if (root.isDisabled()) {
            refuse(t, context, FaultKind.WALK_DISABLED, 0, v);
        } else {
            walk(t, context, root, address, v);
        }
    }

    private void walk(Transaction t, TranslationContext context, TableRoot root, long address, Verdict v) {
        WalkStatus status = walker.walk(root, address);
        if (status != WalkStatus.OK) {
            refuse(
                    t,
                    context,
                    switch (status) {
                        case ADDRESS_SIZE -> FaultKind.ADDRESS_SIZE;
                        case EXTERNAL_ABORT -> FaultKind.WALK_EXTERNAL_ABORT;
                        default -> FaultKind.INVALID_DESCRIPTOR;
                    },
                    0,
                    v);
            return;
        }
        long leaf = walker.descriptor();
        if (!root.isAccessFlagIgnored() && !root.format().isAccessed(leaf)) {
            refuse(t, context, FaultKind.ACCESS_FLAG, 0, v);
            return;
        }
        int permissions = architecture.permissions(root, leaf, walker.restrictions());
        int need = context.need(t.access());
        if ((permissions & need) != need) {
            refuse(t, context, FaultKind.PERMISSION, permissions, v);
            return;
        }
        int shift = root.format().shift(walker.height());
        long output = walker.output() | address & (1L << shift) - 1;
        long attributes = architecture.attributes(root, leaf);
        iotlb.fill(
                root,
                address,
                output,
                shift,
                root.format().spanShift(leaf, walker.height()),
                architecture.isGlobal(root, leaf),
                permissions,
                attributes);
        translated++;
        v.ok(output, shift, attributes);
    }

    private void refuse(Transaction t, TranslationContext context, FaultKind kind, int held, Verdict v) {
        refused++;
        architecture.fault(t, context, kind, held, walker, v);
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
