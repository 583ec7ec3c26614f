// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.iommuemu.device.DmaEngine;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StaleHit;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** The devices of a scenario: they issue what its steps say, and keep what the IOMMU tells them. */
final class ScenarioDevices implements DevicePort {
    private static final String SAME = "";

    private record Transfer(DmaEngine engine, Step.Dma step, byte[] data) {}

    private final Iommu iommu;
    private final PhysicalMemory memory;
    private final Set<Integer> cannotStall;
    private final Map<Long, Transfer> stalled = new HashMap<>();
    private final Map<String, Transfer> named = new HashMap<>();
    private final ArrayDeque<PageResponse> responses = new ArrayDeque<>();
    private final ArrayDeque<AtcInvalidation> invalidations = new ArrayDeque<>();
    private final ArrayDeque<Long> pending = new ArrayDeque<>();
    private final Map<String, Integer> pulses;
    private final TranslationCompletion completion = new TranslationCompletion();
    private Invalidation answer = Invalidation.ENDED;
    private DmaEngine last;
    private @Nullable EduDevices edu;
    private @Nullable StaleDetector stale;
    private int staleSeen;

    /**
     * Devices behind an IOMMU.
     *
     * @param cannotStall streams that must not be kept waiting
     * @param pulses wired interrupts so far, by line
     */
    ScenarioDevices(Iommu iommu, PhysicalMemory memory, Set<Integer> cannotStall, Map<String, Integer> pulses) {
        this.pulses = pulses;
        this.iommu = iommu;
        this.memory = memory;
        this.cannotStall = cannotStall;
        last = new DmaEngine(iommu::translate, memory);
        iommu.connect(this);
    }

    /** The engine of the last DMA. */
    DmaEngine last() {
        return last;
    }

    /** Whether the last PRG Response says failure. */
    boolean hasFailed() {
        PageResponse response = responses.peekLast();
        return response != null && response.code() == PageResponse.Code.FAILURE;
    }

    /** The last answer to a Translation Request. */
    TranslationCompletion completion() {
        return completion;
    }

    /** Lets edu devices carry out the DMAs that they can. */
    void use(EduDevices devices) {
        edu = devices;
        iommu.connect(this);
    }

    /** Issues a DMA; returns how it differs from what is expected, or nothing. */
    String issue(Step.Dma s) {
        if (edu != null && edu.takes(s)) {
            return edu.issue(s);
        }
        DmaEngine engine = new DmaEngine(s.translated() ? iommu::forwardTranslated : iommu::translate, memory);
        byte[] data = s.write() && s.data() != null ? s.data() : new byte[s.length()];
        Transfer transfer = new Transfer(engine, s, data);
        last = engine;
        engine.transfer(s.requester(), s.substream(), s.iova(), data, s.access());
        hold(transfer);
        if (s.id() != null) {
            named.put(s.id(), transfer);
        }
        return compare(transfer, s.expected(), s.data());
    }

    private void hold(Transfer transfer) {
        if (transfer.engine.outcome() == DmaEngine.Outcome.STALLED) {
            stalled.put(transfer.engine.ticket(), transfer);
        }
    }

    private static String compare(Transfer transfer, DmaStatus expected, byte @Nullable [] data) {
        DmaEngine engine = transfer.engine;
        DmaStatus found = DmaStatus.of(engine.outcome());
        String what = "dma at 0x" + Long.toHexString(transfer.step.iova());
        if (found != expected) {
            String why = engine.verdict().rule() == null
                    ? ""
                    : " (" + engine.verdict().rule() + ")";
            return what + " ended as " + engine.outcome() + why + ", expected " + expected.text();
        }
        boolean comparable = found == DmaStatus.OK && !transfer.step.write();
        if (comparable && data != null && !Arrays.equals(transfer.data, data)) {
            return what + " read " + hex(transfer.data) + ", expected " + hex(data);
        }
        return SAME;
    }

    /** Runs a step; returns how it differs, or nothing. */
    String run(DeviceStep step) {
        if (step instanceof DeviceStep.DmaEnd s) {
            Transfer transfer = named.get(s.id());
            return transfer == null ? "there is no dma with id " + s.id() : compare(transfer, s.expected(), s.data());
        } else if (step instanceof DeviceStep.TranslationRequest s) {
            return request(s);
        } else if (step instanceof DeviceStep.PageRequestMessage s) {
            iommu.requestPage(s.message());
            return SAME;
        } else if (step instanceof DeviceStep.ExpectResponse s) {
            PageResponse found = responses.pollFirst();
            return Objects.equals(found, s.expected())
                    ? SAME
                    : "response is " + text(found) + ", expected " + text(s.expected());
        } else if (step instanceof DeviceStep.AnswerInvalidations s) {
            answer = s.how();
            return SAME;
        } else if (step instanceof DeviceStep.ExpectInvalidation s) {
            return expect(s);
        } else if (step instanceof DeviceStep.EndInvalidation s) {
            Long ticket = pending.pollFirst();
            if (ticket == null) {
                return "no invalidation is pending";
            }
            iommu.invalidationEnded(ticket, s.answered());
            return SAME;
        } else if (step instanceof DeviceStep.ExpectInterrupts s) {
            Integer found = pulses.remove(s.line());
            int count = found == null ? 0 : found;
            return count == s.count() ? SAME : count + " interrupts on " + s.line() + ", expected " + s.count();
        }
        if (step instanceof DeviceStep.ExpectStale s) {
            return stale == null ? SAME : expect(s, stale.hits());
        }
        throw new IllegalStateException("a step of no kind: " + step);
    }

    private String request(DeviceStep.TranslationRequest s) {
        Transaction t = new Transaction().set(s.requester(), s.substream(), s.iova(), s.access());
        iommu.requestTranslation(t, completion);
        String what = "translation request for 0x" + Long.toHexString(s.iova()) + " ";
        if (completion.status() != s.expected()) {
            return what + "ended as " + completion.status() + " (" + completion.rule() + "), expected " + s.expected();
        }
        if (s.address() >= 0 && completion.address() != s.address()) {
            return what + String.format("gave 0x%x, expected 0x%x", completion.address(), s.address());
        }
        if (s.size() >= 0 && completion.pageShift() != s.size()) {
            return what + "gave 2^" + completion.pageShift() + " bytes, expected 2^" + s.size();
        }
        String permissions = (completion.isReadable() ? "r" : "-")
                + (completion.isWritable() ? "w" : "-")
                + (completion.isExecutable() ? "x" : "-")
                + (completion.isPrivileged() ? "p" : "");
        if (s.permissions() != null && !permissions.equals(s.permissions())) {
            return what + "gave " + permissions + ", expected " + s.permissions();
        }
        return SAME;
    }

    private String expect(DeviceStep.ExpectStale s, List<StaleHit> hits) {
        StaleHit found = staleSeen < hits.size() ? hits.get(staleSeen) : null;
        if (found == null || s.cause() == null) {
            return found == null && s.cause() == null
                    ? SAME
                    : "stale page is " + (found == null ? "none" : found.text()) + ", expected " + s;
        }
        staleSeen++;
        boolean same = found.streamId() == s.requester()
                && found.address() == s.iova()
                && found.cause() == s.cause()
                && (s.commands() < 0 || found.commands() == s.commands())
                && (s.dmas() < 0 || found.dmas() == s.dmas());
        return same ? SAME : "stale page is " + found.text() + ", expected " + s;
    }

    /** Lets steps look at what a detector finds. */
    void watch(StaleDetector detector) {
        stale = detector;
    }

    /** Stale pages that no step has looked at, a line each. */
    List<String> unexpectedStale() {
        return stale == null
                ? List.of()
                : stale.hits().stream().skip(staleSeen).map(StaleHit::text).toList();
    }

    private String expect(DeviceStep.ExpectInvalidation s) {
        AtcInvalidation found = invalidations.pollFirst();
        if (found == null || s.log2Bytes() < 0) {
            boolean none = found == null && s.log2Bytes() < 0;
            return none ? SAME : "invalidation is " + found + ", expected " + s;
        }
        boolean same = found.streamId() == s.requester()
                && found.substreamId() == s.substream()
                && found.global() == s.global()
                && found.address() == s.iova()
                && found.log2Bytes() == s.log2Bytes();
        return same ? SAME : "invalidation is " + found + ", expected " + s;
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        invalidations.addLast(request);
        if (answer == Invalidation.PENDING) {
            pending.addLast(request.ticket());
        }
        return answer;
    }

    @Override
    public void respond(PageResponse response) {
        responses.addLast(response);
    }

    @Override
    public boolean canStall(int streamId) {
        return !cannotStall.contains(streamId);
    }

    @Override
    public void resumed(long ticket, Transaction transaction, Verdict verdict) {
        Transfer transfer = stalled.remove(ticket);
        if (transfer != null) {
            last = transfer.engine;
            transfer.engine.resume(verdict);
            hold(transfer);
        } else if (edu != null) {
            edu.resumed(ticket, transaction, verdict);
        }
    }

    private static String text(@Nullable PageResponse response) {
        return response == null ? "none" : response.toString();
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
