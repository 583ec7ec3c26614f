// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Commands up to one that software waits for.
 *
 * @param commands in the order of their slots
 * @param cause what they come from: a call, or where they stand in the record
 */
record Batch(List<QueuedCommand> commands, String cause) {
    Batch {
        commands = List.copyOf(commands);
    }

    int size() {
        return commands.size();
    }

    @Override
    public String toString() {
        return commands.stream().map(QueuedCommand::toString).collect(Collectors.joining(", "));
    }
}
