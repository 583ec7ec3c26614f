// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.replay.Agreement;
import org.iommuemu.replay.AgreementRule;
import org.jspecify.annotations.Nullable;

/**
 * Compares batches of commands. The batch of an unmap is compared with the recorded one of the same unmap; others, of boot and of devices
 * that are attached, with the first recorded one that is the same. Every recorded command is compared once, and every command of ours that
 * is not recorded counts as one that differs.
 */
final class CommandComparison {
    /** Of interrupt remapping, whose calls are not recorded. */
    private static final String INTERRUPT_ENTRY = "iec";

    private final DomainNames names = new DomainNames();
    private final Agreement commands = new Agreement();
    private final Map<String, Long> causes = new TreeMap<>();
    private final Map<Long, Batch> ourUnmaps = new HashMap<>();
    private final Map<Long, Batch> recordedUnmaps = new HashMap<>();
    private final List<Batch> ourOthers = new ArrayList<>();
    private final List<Batch> recordedOthers = new ArrayList<>();
    private long unmaps;
    private long exactUnmaps;
    private long untold;

    /** Which domains are which. */
    DomainNames names() {
        return names;
    }

    /** Pairs the domain of a call with the one that the driver has sent commands for. */
    void called(int recordedDomain, List<Batch> batches) {
        for (Batch batch : batches) {
            for (QueuedCommand c : batch.commands()) {
                names.pair(recordedDomain, c.domain());
            }
        }
    }

    /** The driver has unmapped something, and sent this. */
    void oursOfUnmap(long ref, Batch ours) {
        Batch recorded = recordedUnmaps.remove(ref);
        if (recorded == null) {
            ourUnmaps.put(ref, ours);
        } else {
            compareUnmap(recorded, ours);
        }
    }

    /** This is recorded for an unmap. */
    void recordedOfUnmap(long ref, Batch recorded) {
        Batch ours = ourUnmaps.remove(ref);
        if (ours == null) {
            recordedUnmaps.put(ref, recorded);
        } else {
            compareUnmap(recorded, ours);
        }
    }

    private void compareUnmap(Batch recorded, Batch ours) {
        unmaps++;
        exactUnmaps += compare(recorded, ours, null) ? 1 : 0;
    }

    /** The driver has sent this, not for an unmap. */
    void ours(Batch ours) {
        for (Iterator<Batch> it = recordedOthers.iterator(); it.hasNext(); ) {
            Batch recorded = it.next();
            if (areSame(recorded, ours)) {
                it.remove();
                compare(recorded, ours, null);
                return;
            }
        }
        ourOthers.add(ours);
    }

    /** This is recorded, not for an unmap. */
    void recorded(Batch recorded) {
        for (Iterator<Batch> it = ourOthers.iterator(); it.hasNext(); ) {
            Batch ours = it.next();
            if (areSame(recorded, ours)) {
                it.remove();
                compare(recorded, ours, null);
                return;
            }
        }
        recordedOthers.add(recorded);
    }

    private boolean areSame(Batch recorded, Batch ours) {
        if (recorded.size() != ours.size()) {
            return false;
        }
        for (int i = 0; i < recorded.size(); i++) {
            if (!agree(recorded.commands().get(i), ours.commands().get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean agree(QueuedCommand recorded, QueuedCommand ours) {
        return recorded.agreesWith(ours.in(names.recorded(ours.domain(), recorded.domain())));
    }

    /**
     * Compares command by command.
     *
     * @param rule by which they agree, if they do; null for none
     * @return whether all agree
     */
    boolean compare(Batch recorded, Batch ours, @Nullable AgreementRule rule) {
        int most = Math.max(recorded.size(), ours.size());
        boolean all = true;
        for (int i = 0; i < most; i++) {
            boolean same = i < recorded.size()
                    && i < ours.size()
                    && agree(recorded.commands().get(i), ours.commands().get(i));
            if (same) {
                names.pair(
                        recorded.commands().get(i).domain(),
                        ours.commands().get(i).domain());
                if (rule == null) {
                    commands.agree();
                } else {
                    commands.agree(rule);
                }
            } else {
                differ(recorded.cause() + ": command " + (i + 1) + " of a batch", at(recorded, i), named(ours, i));
            }
            all &= same;
        }
        return all;
    }

    private static String at(Batch batch, int index) {
        return index < batch.size() ? batch.commands().get(index).toString() : "nothing";
    }

    private String named(Batch ours, int index) {
        if (index >= ours.size()) {
            return "nothing";
        }
        QueuedCommand c = ours.commands().get(index);
        return c.in(names.recorded(c.domain(), JoinedRow.NONE)).toString();
    }

    private void differ(String where, String recorded, String ours) {
        commands.differ(where + ": expected " + recorded + ", found " + ours);
        String recordedName = recorded.split(" ", 2)[0];
        String ourName = ours.split(" ", 2)[0];
        causes.merge(
                recordedName.equals(ourName)
                        ? recordedName + " with other operands"
                        : recordedName + ", sent " + ourName,
                1L,
                Long::sum);
    }

    /** Nothing more comes: what has found no counterpart differs. */
    void end() {
        // Where a partner is named by one side alone.
        inOrder(recordedUnmaps).forEach(this::recorded);
        inOrder(ourUnmaps).forEach(this::ours);
        for (Batch recorded : recordedOthers) {
            if (recorded.commands().get(0).op().equals(INTERRUPT_ENTRY)) {
                untold += recorded.size();
            } else {
                missing(recorded);
            }
        }
        ourOthers.forEach(this::surplus);
    }

    private static Collection<Batch> inOrder(Map<Long, Batch> byCall) {
        return new TreeMap<>(byCall).values();
    }

    /** This is recorded, and ours are known not to have it. */
    void missing(Batch recorded) {
        for (QueuedCommand c : recorded.commands()) {
            differ(recorded.cause(), c.toString(), "nothing");
        }
    }

    /** Ours, that is known not to be recorded. */
    void surplus(Batch ours) {
        for (int i = 0; i < ours.size(); i++) {
            differ(ours.cause(), "nothing", named(ours, i));
        }
    }

    /** Every command. */
    Agreement commands() {
        return commands;
    }

    /** How often commands differ, by what is different. */
    Map<String, Long> causes() {
        return new TreeMap<>(causes);
    }

    /** Recorded commands that come from calls which the driver was not told of. */
    long untold() {
        return untold;
    }

    /** Unmaps whose batch was compared. */
    long unmaps() {
        return unmaps;
    }

    /** Those whose whole batch is as recorded. */
    long exactUnmaps() {
        return exactUnmaps;
    }
}
