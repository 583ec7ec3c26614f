// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import org.jspecify.annotations.Nullable;

/**
 * What software's commands take. Their effect is there when the machine consumes them; when software can know of it is said here.
 *
 * <p>Commands are executed one after the other, from when software has told of them. One that waits (CMD_SYNC, an invalidation wait
 * descriptor) ends when every transaction that came before it has left the IOMMU, and every device has answered.
 */
public final class TimedCommands {
    /** What a command is, as far as its time goes. */
    public enum Kind {
        /** Drops cached translations or configuration. */
        INVALIDATION,
        /** Has a device do so. */
        DEVICE_INVALIDATION,
        /** Waits for what was before it. */
        SYNC,
        /** Anything else. */
        OTHER
    }

    /** Takes the times of commands. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A command has ended.
         *
         * @param told when software told of it, in ps
         * @param begin when its turn came, in ps
         * @param end when its effect is there, in ps
         */
        void ended(Kind kind, long told, long begin, long end);
    }

    private final TimingParameters.Commands parameters;
    private final TimedLookups lookups;
    private @Nullable Listener listener;
    private long told;
    private long free;
    private long inFlight;
    private long answered;
    private long count;

    TimedCommands(TimingParameters.Commands parameters, TimedLookups lookups) {
        this.parameters = parameters;
        this.lookups = lookups;
    }

    /** Gives the times of commands to {@code to} from now on; null ends it. */
    public void listen(@Nullable Listener to) {
        listener = to;
    }

    /** Says that what is consumed from now on software told of at a time, in ps. */
    public void toldAt(long time) {
        told = time;
    }

    /** Says that a device will have answered an invalidation at a time, in ps. */
    public void answeredAt(long time) {
        answered = Math.max(answered, time);
    }

    /** Says that a transaction is in the IOMMU up to a time, in ps. */
    void inFlightUntil(long time) {
        inFlight = Math.max(inFlight, time);
    }

    /** The next command is consumed. */
    public void consume(Kind kind) {
        long begin = Math.max(told, free);
        long end = begin + parameters.fetch() + parameters.execute();
        if (kind == Kind.INVALIDATION) {
            long blocked = parameters.lookupsBlocked();
            if (blocked > 0) {
                lookups.block(end, blocked);
            }
            end += parameters.invalidate();
        } else if (kind == Kind.SYNC) {
            end = Math.max(end, Math.max(inFlight, answered)) + parameters.sync();
        }
        free = end;
        count++;
        if (listener != null) {
            listener.ended(kind, told, begin, end);
        }
    }

    /** When the last command consumed has ended, in ps. */
    public long lastEnd() {
        return free;
    }

    /** Commands consumed. */
    public long count() {
        return count;
    }
}
