// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

/**
 * What a leaf permits one privilege (fact sheet 4.5, 4.6).
 *
 * @param read data reads
 * @param write writes, if the page is writable-clean as well
 * @param execute instruction fetches
 * @param clean a write makes it dirty
 */
record ReferenceRights(boolean read, boolean write, boolean execute, boolean clean) {
    /** Everything. */
    static final ReferenceRights ALL = new ReferenceRights(true, true, true, false);

    /** Of stage 1. */
    static ReferenceRights first(ReferenceLeaf leaf, ReferenceCd cd, int half, boolean privileged, boolean oneHalf) {
        boolean dirtyState = cd.updatesDirty() && leaf.get(51);
        boolean clean = dirtyState && leaf.get(7);
        boolean readOnly = leaf.get(7) && !clean;
        boolean hierarchy = !cd.ignoresHierarchy(half);
        boolean noWrites = hierarchy && leaf.table(62);
        boolean wxn = cd.get(36);
        if (oneHalf) {
            boolean write = !readOnly && !noWrites;
            boolean never = leaf.get(54) || hierarchy && leaf.table(60);
            return new ReferenceRights(true, write, !never && !(wxn && write), clean && write);
        }
        boolean noUnprivileged = hierarchy && leaf.table(61);
        boolean unprivilegedRead = leaf.get(6) && !noUnprivileged;
        boolean unprivilegedWrite = unprivilegedRead && !readOnly && !noWrites;
        boolean unprivilegedExecute = !leaf.get(54) && !(hierarchy && leaf.table(60));
        if (!privileged) {
            boolean execute = unprivilegedExecute && !(wxn && unprivilegedWrite);
            return new ReferenceRights(unprivilegedRead, unprivilegedWrite, execute, clean && unprivilegedWrite);
        }
        boolean write = !readOnly && !noWrites;
        boolean never = leaf.get(53) || hierarchy && leaf.table(59) || unprivilegedWrite || wxn && write;
        boolean kept = cd.pan() && (unprivilegedRead || cd.epan() && unprivilegedExecute);
        return new ReferenceRights(!kept, write && !kept, !never, clean && write && !kept);
    }

    /** Of stage 2. */
    static ReferenceRights second(ReferenceLeaf leaf, ReferenceSte ste, boolean xnx, boolean privileged) {
        boolean clean = ste.updatesDirty() && leaf.get(51) && !leaf.get(7);
        boolean write = leaf.get(7) || clean;
        int never = (leaf.get(54) ? 2 : 0) | (leaf.get(53) ? 1 : 0);
        boolean execute = xnx ? never == 0 || never == (privileged ? 3 : 1) : never < 2;
        return new ReferenceRights(leaf.get(6), write, execute, clean);
    }

    /** Whether an access is permitted. */
    boolean permits(ReferenceAccess a) {
        return !(a.reads() && !read || a.write() && !write || a.instruction() && !execute);
    }
}
