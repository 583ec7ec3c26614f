// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableLocator;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.WalkStatus;
import org.iommuemu.paging.Walker;
import org.jspecify.annotations.Nullable;

/**
 * One translation by walking tables: through a second stage where there is one, with the updates that hardware makes to
 * leaves. The result is left here until the next one.
 */
public final class TranslationWalk {
    /** {@link #run} mode: an access, which needs its permissions. */
    public static final int ACCESS = 0;
    /** {@link #run} mode: permissions that are missing are no fault, {@link #permissions()} tells what there is. */
    public static final int REPORT = 1;
    /** {@link #run} mode: leaves are taken as updated, but not written. */
    public static final int NO_UPDATE = 1 << 1;
    /** {@link #run} mode: the first stage's output is the result, though its tables lie behind the second. */
    public static final int FIRST_STAGE = 1 << 2;

    /** {@link #run} mode: {@link #intermediate()} is wanted too, which no cache of whole translations has. */
    public static final int SPLIT = 1 << 3;

    private final Walker walker;
    private final StageTwo stageTwo;
    private final LeafRules rules;
    private final LeafUpdater updater;
    private final Fault own = new Fault();
    private Fault fault = own;
    private long intermediate;
    private long output;
    private int shift;
    private int span;
    private int permissions;
    private long attributes;
    private boolean global;

    TranslationWalk(Walker walker, StageTwo stageTwo, LeafRules rules, PhysicalMemory memory) {
        this.walker = walker;
        this.stageTwo = stageTwo;
        this.rules = rules;
        updater = new LeafUpdater(memory, rules);
    }

    /**
     * Translates.
     *
     * @param root the tables that the address meets first
     * @param second the tables of a second stage behind them, or null
     * @param address canonical
     * @param need {@link org.iommuemu.paging.Permission} bits that the access needs, or would like to have
     * @param useful for {@link #REPORT}: bits of which the first stage must leave at least one; if it leaves none, the second
     *     stage is not asked, and there are no {@link #permissions()}
     * @param mode {@link #ACCESS}, or any of the others together
     * @return whether there is a translation; if not, {@link #fault()} tells why
     */
    public boolean run(TableRoot root, @Nullable TableRoot second, long address, int need, int useful, int mode) {
        fault = own;
        if (!root.covers(address)) {
            return fail(FaultKind.INPUT_RANGE, root, address);
        }
        if (root.isDisabled() || need == Permission.NEVER && root.refusesFirst()) {
            return fail(FaultKind.WALK_DISABLED, root, address);
        }
        if (root.isPrivilegedOnly() && ((need != 0 ? need : useful) & Permission.PRIVILEGED) == 0) {
            return fail(FaultKind.UNPRIVILEGED, root, address);
        }
        return walk(root, second, address, need, useful, mode);
    }

    private boolean walk(TableRoot root, @Nullable TableRoot second, long address, int need, int useful, int mode) {
        TableLocator tables = second == null ? null : stageTwo.through(second, mode);
        WalkStatus status = walker.walk(root, address, tables, (mode & NO_UPDATE) == 0);
        if (status == WalkStatus.NOT_LOCATED) {
            fault = stageTwo.fault();
            if (fault.kind() != FaultKind.WALK_EXTERNAL_ABORT) {
                // Else it is of the second stage's own tables that this tells.
                fault.top(walker.height() == root.startHeight());
            }
            return false;
        }
        if (status != WalkStatus.OK) {
            fail(FaultKind.of(status), root, address);
            own.fetchAddress(walker.descriptorAddress()).top(walker.height() == root.startHeight());
            return false;
        }
        long leaf = walker.descriptor();
        boolean accessed = root.isAccessFlagIgnored() || root.format().isAccessed(leaf);
        if (!accessed && !root.updatesAccessFlag()) {
            return fail(FaultKind.ACCESS_FLAG, root, address);
        }
        updater.prepare(root, walker, need);
        permissions = updater.permissions();
        if ((permissions & need) != need && (mode & REPORT) == 0) {
            fail(FaultKind.PERMISSION, root, address);
            own.held(updater.obtainable());
            return false;
        }
        if (updater.isUpdate(walker) && (mode & NO_UPDATE) == 0) {
            if (root.refusesUpdates()) {
                return fail(FaultKind.UPDATE, root, address);
            }
            // The descriptor is itself written through the second stage.
            if (second != null && !stageTwo.translateUpdate(second, walker.descriptorIntermediate())) {
                fault = stageTwo.fault();
                return false;
            }
            if (second != null && stageTwo.output() != walker.descriptorAddress()) {
                // What led to the descriptor is stale, as it is not there that it would be written.
                walker.caches().invalidateAll();
                stageTwo.forget();
                return walk(root, second, address, need, useful, mode);
            }
            if (!updater.write(root, walker)) {
                return walk(root, second, address, need, useful, mode);
            }
        }
        shift = walker.shift();
        span = root.format().spanShift(leaf, walker.height());
        intermediate = walker.output() | address & (1L << shift) - 1;
        output = intermediate;
        attributes = rules.attributes(root, leaf);
        global = rules.isGlobal(root, leaf);
        boolean found = second == null || (mode & FIRST_STAGE) != 0 || behind(second, need, useful, mode);
        return found && mayGo(root, second, address);
    }

    private boolean mayGo(TableRoot root, @Nullable TableRoot second, long address) {
        if (!rules.forbids(output, output)) {
            return true;
        }
        return fail(FaultKind.FORBIDDEN_OUTPUT, second == null ? root : second, address);
    }

    /** Whether something within the page is forbidden; the translation is not to be kept then. */
    public boolean meetsForbidden() {
        long size = 1L << shift;
        return rules.forbids(output & -size, output | size - 1);
    }

    private boolean behind(TableRoot second, int need, int useful, int mode) {
        if ((mode & REPORT) != 0 && (permissions & useful) == 0) {
            permissions = 0;
            return true;
        }
        // What the first stage does not allow is not asked of the second.
        int asked = (mode & REPORT) == 0 ? need : need & permissions;
        if (!stageTwo.translate(second, intermediate, asked, Fault.Source.INPUT, mode)) {
            fault = stageTwo.fault();
            return false;
        }
        permissions &= stageTwo.permissions();
        shift = Math.min(shift, stageTwo.shift());
        span = shift;
        output = stageTwo.output();
        attributes = rules.combine(attributes, stageTwo.attributes());
        return true;
    }

    /** Takes over a fault that was found in a cache. */
    void refused(FaultKind kind, TableRoot root, long address) {
        fault = own;
        fail(kind, root, address);
    }

    /** Takes over a translation that was found in a cache. */
    void found(long address, int log2Size, int granted, long memoryAttributes) {
        output = address;
        shift = log2Size;
        span = log2Size;
        permissions = granted;
        attributes = memoryAttributes;
    }

    /** A fault of the tables that the address met first; of the second stage, if those are its. */
    private boolean fail(FaultKind kind, TableRoot root, long address) {
        own.set(kind, root.stage(), Fault.Source.INPUT).intermediate(root.stage() == 2 ? address : 0);
        return false;
    }

    /** Why there is no translation. */
    public Fault fault() {
        return fault;
    }

    /** Where the first stage put the address; not known of a translation that was found in a cache. */
    public long intermediate() {
        return intermediate;
    }

    /** Where the address is. */
    public long output() {
        return output;
    }

    /** log2 of the bytes around the address that translate alike. */
    public int shift() {
        return shift;
    }

    /** log2 of the run of contiguous leaves that the leaf belongs to, or of the leaf. */
    int span() {
        return span;
    }

    /** The {@link org.iommuemu.paging.Permission} bits of the translation, of both stages. */
    public int permissions() {
        return permissions;
    }

    /** Memory attributes, as {@link Verdict#attributes()} has them. */
    public long attributes() {
        return attributes;
    }

    /** Leaves of the first stage updated so far. */
    long updates() {
        return updater.updates();
    }

    /** Whether the translation is shared by all address spaces. */
    boolean isGlobal() {
        return global;
    }

    /** Leaves that hardware marked or tried to mark so far, as accessed or dirty: those of the stage that a transaction meets first. */
    public long leafUpdates() {
        return updater.updates();
    }
}
