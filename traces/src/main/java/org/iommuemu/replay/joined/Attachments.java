// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.host.Domain;
import org.iommuemu.host.FlushQueueParameters;
import org.iommuemu.host.IommuDriver;

/** Which devices are attached to what: each when a row names it first, to the domain that it is recorded in. */
final class Attachments {
    /** Of the recorded kernel, in a second. */
    static final int TICKS = 250;

    private final Path file;
    private final Survey survey;
    private final DrivenMachine machine;
    private final IntConsumer attached;
    /** Recorded domains of streams that are attached. */
    private final Map<Integer, Integer> domains = new TreeMap<>();

    private final Map<Integer, Domain> ourDomains = new TreeMap<>();

    /**
     * None.
     *
     * @param file whose rows they are
     * @param attached is told the recorded domain, {@link JoinedRow#NONE} if none is known, when a device was attached
     */
    Attachments(Path file, Survey survey, DrivenMachine machine, IntConsumer attached) {
        this.file = file;
        this.survey = survey;
        this.machine = machine;
        this.attached = attached;
    }

    /**
     * The domain of a call.
     *
     * @throws InputException if the IOMMU has no such stream, or no room for one more domain
     */
    Domain domain(JoinedRow call) {
        if (call.stream() == JoinedRow.NONE) {
            return ourDomains.computeIfAbsent(call.domain(), d -> accepted(call, this::newDomain));
        }
        attach(call, call.domain());
        return Objects.requireNonNull(machine.driver().attached(call.stream(), IommuDriver.NO_PASID));
    }

    /**
     * Has the driver attach a row's device to the domain that it is recorded in, if that is not so yet.
     *
     * @throws InputException if the IOMMU has no such stream, or no room for one more domain
     */
    void attach(JoinedRow row, int recordedDomain) {
        int stream = row.stream();
        Integer now = domains.get(stream);
        if (now != null && (recordedDomain == JoinedRow.NONE || recordedDomain == now)) {
            return;
        }
        int at = recordedDomain == JoinedRow.NONE ? survey.domainOf(stream) : recordedDomain;
        domains.put(stream, at);
        boolean first = at == JoinedRow.NONE || !ourDomains.containsKey(at);
        accepted(row, () -> {
            Domain domain = at == JoinedRow.NONE ? newDomain() : ourDomains.computeIfAbsent(at, d -> newDomain());
            machine.attach(stream, domain, first);
            return domain;
        });
        attached.accept(at);
    }

    private Domain newDomain() {
        Domain made = machine.driver().newDomain(machine.domainKind());
        if (survey.isDeferred()) {
            machine.driver().defer(made, FlushQueueParameters.linux(TICKS));
        }
        return made;
    }

    /** What the driver refuses is the row's fault. */
    private Domain accepted(JoinedRow row, Supplier<Domain> work) {
        try {
            return work.get();
        } catch (IllegalArgumentException e) {
            throw DrivenMachine.refused(file, row.line(), e);
        }
    }

    /** Recorded domains by stream. */
    Map<Integer, Integer> domains() {
        return new TreeMap<>(domains);
    }
}
