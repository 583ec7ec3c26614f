// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Architecture;
import org.iommuemu.iommu.FaultKind;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationContext;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.Walker;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** SMMUv3's part of a transaction's way: the order of checks of IHI 0070 chapter 15, and the faults it ends in. */
final class SmmuArchitecture implements Architecture {
    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final EventRecorder recorder;
    private final StreamTable streams;
    private final ContextTable contexts;
    private final ContextBuilder builder;
    private final long[] ste = new long[Ste.WORDS];
    private final long[] cd = new long[Cd.WORDS];

    SmmuArchitecture(
            SmmuFeatures features, RegisterFile registers, StructureReader structures, EventRecorder recorder) {
        this.features = features;
        this.registers = registers;
        this.recorder = recorder;
        streams = new StreamTable(registers, features, structures);
        contexts = new ContextTable(features, structures);
        builder = new ContextBuilder(features);
    }

    @Override
    public void translateDisabled(Transaction t, Verdict v) {
        if (Registers.GBPA_ABORT.isSet(registers.get(Registers.GBPA))) {
            v.end(Verdict.Status.ABORT, SmmuRule.GBPA_ABORT);
        } else if (t.address() >>> features.outputBits() != 0) {
            v.end(Verdict.Status.ABORT, SmmuRule.DISABLED_ADDRESS_SIZE);
        } else {
            pass(t, v);
        }
    }

    @Override
    public @Nullable TranslationContext fetchContext(Transaction t, Verdict v) {
        SmmuRule refused = streams.fetch(t.streamId(), ste);
        if (refused == null) {
            refused = SteRules.check(ste, features);
        }
        if (refused != null) {
            return refuse(t, refused, streams.address(), v);
        }
        if ((Ste.CONFIG.getInt(ste) & Ste.CONFIG_STAGE_1) == 0) {
            return t.hasSubstream() ? refuse(t, SmmuRule.SUBSTREAM_WITHOUT_STAGE_1, 0, v) : builder.bypass(ste, false);
        }
        refused = contexts.select(t, ste);
        if (refused != null) {
            return refuse(t, refused, 0, v);
        }
        if (contexts.index() == ContextTable.BYPASS_STAGE_1) {
            return builder.bypass(ste, true);
        }
        refused = contexts.fetch(ste, cd);
        if (refused == null) {
            refused = CdRules.check(cd, ste, features);
        }
        return refused != null ? refuse(t, refused, contexts.address(), v) : builder.stage1(ste, cd);
    }

    /** Configuration errors abort, whatever a CD says (§5.5). */
    private @Nullable TranslationContext refuse(Transaction t, SmmuRule rule, long fetchAddress, Verdict v) {
        recorder.configuration(t, rule, fetchAddress);
        v.end(Verdict.Status.ABORT, rule);
        return null;
    }

    @Override
    public void passThrough(Transaction t, TranslationContext context, Verdict v) {
        SmmuContext c = (SmmuContext) context;
        // The output size is also the intermediate one, as there are no VMSAv8-32 tables (§3.4).
        if (t.address() >>> features.outputBits() != 0) {
            SmmuRule rule = c.isStage1Bypassed() ? SmmuRule.STAGE_1_BYPASS_ADDRESS_SIZE : SmmuRule.BYPASS_ADDRESS_SIZE;
            end(t, c, rule, !Access.isWrite(t.access()), Event.CLASS_IN, 0, v);
        } else {
            pass(t, v);
        }
    }

    private static void pass(Transaction t, Verdict v) {
        v.ok(t.address(), 12, MemoryAttributes.INCOMING);
    }

    @Override
    public int permissions(TableRoot root, long leaf, long restrictions) {
        return Aarch64Stage1.permissions(leaf, restrictions, root.permissionControls());
    }

    @Override
    public boolean isGlobal(TableRoot root, long leaf) {
        return Aarch64Stage1.isGlobal(leaf);
    }

    @Override
    public long attributes(TableRoot root, long leaf) {
        int index = Aarch64Descriptor.ATTR_INDX.getInt(leaf);
        int shareability = root.shareability() >= 0 ? root.shareability() : Aarch64Descriptor.SH.getInt(leaf);
        return MemoryAttributes.of(root.attributes() >>> (index << 3) & 0xFF, shareability);
    }

    @Override
    public void fault(Transaction t, TranslationContext context, FaultKind kind, int held, Walker walker, Verdict v) {
        SmmuContext c = (SmmuContext) context;
        boolean reads = !Access.isWrite(t.access());
        switch (kind) {
            case INPUT_RANGE -> end(t, c, SmmuRule.INPUT_RANGE, reads, Event.CLASS_IN, 0, v);
            case WALK_DISABLED -> end(t, c, SmmuRule.WALK_DISABLED, reads, Event.CLASS_IN, 0, v);
            case INVALID_DESCRIPTOR -> end(t, c, SmmuRule.DESCRIPTOR_INVALID, reads, Event.CLASS_IN, 0, v);
            case ADDRESS_SIZE -> end(t, c, SmmuRule.OUTPUT_ADDRESS_SIZE, reads, Event.CLASS_IN, 0, v);
            case ACCESS_FLAG -> end(t, c, SmmuRule.ACCESS_FLAG, reads, Event.CLASS_IN, 0, v);
            case WALK_EXTERNAL_ABORT -> {
                int access = c.effective(t.access());
                long at = walker.descriptorAddress();
                recorder.translation(t, SmmuRule.WALK_ABORT, access, reads, Event.CLASS_TT, at);
                v.end(Verdict.Status.ABORT, SmmuRule.WALK_ABORT);
            }
            case PERMISSION -> {
                int missing = c.need(t.access()) & ~held;
                // An atomic that lacks only read permission is reported as a read (§7.3.16).
                boolean asRead = reads || (missing & ~Permission.READS) == 0;
                end(t, c, permissionRule(missing, held, c.effective(t.access())), asRead, Event.CLASS_IN, 0, v);
            }
        }
    }

    private static SmmuRule permissionRule(int missing, int held, int access) {
        int executes = Permission.PRIVILEGED_EXECUTE | Permission.UNPRIVILEGED_EXECUTE;
        if ((missing & executes) != 0) {
            return SmmuRule.PERMISSION_EXECUTE_NEVER;
        }
        if (Access.isPrivileged(access)) {
            return (held & Permission.PRIVILEGED_READ) == 0
                    ? SmmuRule.PERMISSION_PRIVILEGED_NEVER
                    : SmmuRule.PERMISSION_READ_ONLY;
        }
        return (held & Permission.UNPRIVILEGED_READ) == 0
                ? SmmuRule.PERMISSION_PRIVILEGED_ONLY
                : SmmuRule.PERMISSION_READ_ONLY;
    }

    /** Ends a transaction by the fault model of CD.A and CD.R (§5.5). */
    private void end(
            Transaction t, SmmuContext c, SmmuRule rule, boolean reads, int faultClass, long fetchAddress, Verdict v) {
        if (c.records()) {
            recorder.translation(t, rule, c.effective(t.access()), reads, faultClass, fetchAddress);
        }
        v.end(c.aborts() ? Verdict.Status.ABORT : Verdict.Status.READ_ZERO_WRITE_IGNORED, rule);
    }
}
