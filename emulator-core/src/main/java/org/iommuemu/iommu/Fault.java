// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** A fault of translation, as far as all architectures agree on it. Reusable. */
public final class Fault {
    /** What was being accessed when the fault came. */
    public enum Source {
        /** What the transaction itself addresses. */
        INPUT,
        /** A table of the first stage, during its walk. */
        TABLE,
        /** A configuration structure. */
        STRUCTURE
    }

    private FaultKind kind = FaultKind.INPUT_RANGE;
    private int stage = 1;
    private Source source = Source.INPUT;
    private int held;
    private long intermediate;
    private long fetchAddress;
    private boolean update;
    private boolean top;

    /** A fault of a stage for what the transaction addresses; other properties are cleared. */
    public Fault set(FaultKind what, int ofStage, Source accessing) {
        kind = what;
        stage = ofStage;
        source = accessing;
        held = 0;
        intermediate = 0;
        fetchAddress = 0;
        update = false;
        top = false;
        return this;
    }

    /** Says that the descriptor at fault is of the first table. */
    Fault top(boolean first) {
        top = first;
        return this;
    }

    /** Whether the descriptor at fault is of the first table. */
    public boolean isTop() {
        return top;
    }

    /** The permission bits that the translation has, for {@link FaultKind#PERMISSION}. */
    public Fault held(int permissions) {
        held = permissions;
        return this;
    }

    /** The input address of the second stage. */
    public Fault intermediate(long address) {
        intermediate = address;
        return this;
    }

    /** The address that got no answer, for {@link FaultKind#WALK_EXTERNAL_ABORT}. */
    public Fault fetchAddress(long address) {
        fetchAddress = address;
        return this;
    }

    /** Says that the access to a table was the update of a descriptor, not a read. */
    Fault update() {
        update = true;
        return this;
    }

    /** Whether the access to a table was the update of a descriptor, not a read. */
    public boolean isUpdate() {
        return update;
    }

    /** What went wrong. */
    public FaultKind kind() {
        return kind;
    }

    /** Which stage's translation failed, 1 or 2. */
    public int stage() {
        return stage;
    }

    /** What was being accessed. */
    public Source source() {
        return source;
    }

    /** The permission bits that the translation has, for {@link FaultKind#PERMISSION}. */
    public int held() {
        return held;
    }

    /** The input address of the second stage, for its faults. */
    public long intermediate() {
        return intermediate;
    }

    /** The address that got no answer. */
    public long fetchAddress() {
        return fetchAddress;
    }
}
