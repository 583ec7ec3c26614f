// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.inject.FaultInjector;
import org.iommuemu.inject.FaultPlan;
import org.iommuemu.inject.FaultRule;
import org.iommuemu.inject.FunctionRule;
import org.iommuemu.inject.InjectedFault;
import org.iommuemu.inject.RogueRule;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.platform.KeptTranslations;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/** The functions of a scenario at the end of their links. What concerns others goes to the devices without links. */
final class TimedDevices implements DevicePort {
    private static final String SAME = "";
    /** How long a DMA may take: longer than every time-out. */
    private static final long PATIENCE = Picoseconds.ofNanoseconds(200_000_000_000L);

    private record Device(PciFunction function, DmaChannel dma, MessageLog messages, Set<Integer> stopped) {}

    private static final class Transfer {
        private final TimedStep.DeviceDma step;
        private final byte[] data;
        private DmaChannel.@Nullable Status status;
        private int moved;

        Transfer(TimedStep.DeviceDma step) {
            this.step = step;
            data = new byte[step.length()];
        }
    }

    private final Platform platform;
    private final DevicePort others;
    private FaultInjector injector;
    private final Map<Integer, Device> devices = new LinkedHashMap<>();
    private final Map<String, Transfer> named = new HashMap<>();
    /** Rules of a plan whose functions are not there yet. */
    private final List<FaultRule> waiting = new ArrayList<>();

    private final Set<String> planned = new HashSet<>();
    private @Nullable StaleDetector detector;

    /**
     * No functions yet.
     *
     * @param others takes what is for streams that have no function
     */
    TimedDevices(Platform platform, DevicePort others, long seed) {
        this.platform = platform;
        this.others = others;
        injector = new FaultInjector(platform, FaultPlan.seeded(seed).build());
        platform.iommu().connect(this);
    }

    /** Compares what devices that are added from now on have kept with what a detector finds in the tables. */
    void watch(StaleDetector by) {
        detector = by;
    }

    /** Has a plan go wrong from the beginning; to be called before any step. */
    void inject(FaultPlan plan) {
        injector = new FaultInjector(platform, FaultPlan.seeded(plan.seed()).build());
        for (FaultRule rule : plan.rules()) {
            planned.add(rule.name());
            if (rule instanceof FunctionRule || rule instanceof RogueRule) {
                waiting.add(rule);
            } else {
                injector.add(rule);
            }
        }
    }

    /** What a plan has done so far, a line each. */
    List<String> injected() {
        return injector.injected().stream()
                .filter(f -> planned.contains(f.rule()))
                .map(InjectedFault::text)
                .toList();
    }

    boolean has(int requester) {
        return devices.containsKey(requester);
    }

    private Device device(int requester) {
        Device device = devices.get(requester);
        if (device == null) {
            throw new IllegalStateException("no device 0x" + Integer.toHexString(requester));
        }
        return device;
    }

    /** Runs a step; returns how it differs, or nothing. */
    String run(TimedStep step) {
        if (step instanceof TimedStep.Device s) {
            add(s);
        } else if (step instanceof TimedStep.DeviceControl s) {
            s.switches().apply(device(s.requester()).function);
        } else if (step instanceof TimedStep.DeviceDma s) {
            return begin(s);
        } else if (step instanceof TimedStep.DeviceDmaEnd s) {
            Transfer t = named.get(s.id());
            return t == null ? "there is no device_dma with id " + s.id() : end(t, s.ending(), s.data());
        } else if (step instanceof TimedStep.StopPasid s) {
            Device d = device(s.requester());
            d.stopped.remove(s.pasid());
            d.dma.stopPasid(s.pasid(), s.marker(), () -> d.stopped.add(s.pasid()));
        } else if (step instanceof TimedStep.ExpectStopped s) {
            boolean found = device(s.requester()).stopped.contains(s.pasid());
            return found == s.stopped() ? SAME : "PASID " + s.pasid() + (found ? " is stopped" : " is not stopped");
        } else if (step instanceof TimedStep.ExpectMessage s) {
            return expect(s);
        } else if (step instanceof TimedStep.Inject s) {
            return inject(s);
        } else if (step instanceof TimedStep.Advance s) {
            platform.loop().runUntil(platform.loop().now() + s.time());
        } else if (step instanceof TimedStep.FunctionEvent s) {
            PciFunction function = device(s.requester()).function;
            if (s.event() == FunctionRule.Event.REMOVED) {
                function.link().remove();
            } else {
                function.reset();
            }
        } else if (step instanceof TimedStep.ExpectInjected s) {
            long found = injector.injected().stream()
                    .filter(f -> f.rule().equals(s.rule()))
                    .count();
            return found == s.count() ? SAME : "rule " + s.rule() + " acted " + found + " times, expected " + s.count();
        } else if (step instanceof TimedStep.ExpectCounter s) {
            long found = device(s.requester()).dma.statistics().get(s.counter());
            return found == s.value() ? SAME : s.counter() + " is " + found + ", expected " + s.value();
        }
        return SAME;
    }

    private void add(TimedStep.Device s) {
        FunctionDescription usual = FunctionDescription.standard(
                platform.parameters().tags(), platform.parameters().completionTimeout());
        PciFunction function = platform.addFunction(s.requester(), s.shape().apply(usual));
        s.switches().apply(function);
        MessageLog messages = new MessageLog(platform.loop(), function.link(), injector.tap());
        if (detector != null) {
            messages.follow(new KeptTranslations(s::requester, detector)::arrived);
        }
        devices.put(
                s.requester(),
                new Device(function, new DmaChannel(function, s.parameters()), messages, new HashSet<>()));
        waiting.removeIf(rule -> isOf(rule, s.requester()) && begun(rule));
    }

    private static boolean isOf(FaultRule rule, int requester) {
        return rule instanceof FunctionRule f && f.requester() == requester
                || rule instanceof RogueRule r && r.requester() == requester;
    }

    private boolean begun(FaultRule rule) {
        injector.add(rule);
        return true;
    }

    private String inject(TimedStep.Inject s) {
        try {
            injector.add(s.rule());
            return SAME;
        } catch (IllegalArgumentException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private String begin(TimedStep.DeviceDma s) {
        Transfer t = new Transfer(s);
        DmaChannel dma = device(s.requester()).dma;
        DmaChannel.Done done = (status, moved) -> {
            t.status = status;
            t.moved = moved;
        };
        byte[] given = s.data();
        if (s.atomic() != null && given != null) {
            dma.atomic(s.iova(), s.atomic(), given, s.pasid(), s.access(), t.data, done);
        } else if (s.isRead() || given == null) {
            dma.read(s.iova(), t.data, s.pasid(), s.access(), done);
        } else {
            dma.write(s.iova(), given, s.pasid(), s.access(), done);
        }
        if (s.id() != null) {
            named.put(s.id(), t);
            return s.ending().status() == null ? SAME : end(t, s.ending(), null);
        }
        return end(t, s.ending(), null);
    }

    private String end(Transfer t, TimedStep.Ending ending, byte @Nullable [] data) {
        String what =
                "dma of 0x" + Integer.toHexString(t.step.requester()) + " at 0x" + Long.toHexString(t.step.iova());
        if (ending.status() == null) {
            return t.status == null ? SAME : what + " has ended as " + t.status + ", expected pending";
        }
        platform.await(() -> t.status != null, platform.loop().now() + PATIENCE);
        if (t.status != ending.status()) {
            return what + " ended as " + (t.status == null ? "nothing" : t.status) + ", expected " + ending.status();
        }
        if (ending.moved() >= 0 && t.moved != ending.moved()) {
            return what + " moved " + t.moved + " bytes, expected " + ending.moved();
        }
        byte[] expected = data;
        if (expected == null) {
            expected = t.step.isRead() ? t.step.data() : t.step.old();
        }
        if (t.status == DmaChannel.Status.OK && expected != null && !Arrays.equals(expected, t.data)) {
            return what + " read " + HexFormat.of().formatHex(t.data) + ", expected "
                    + HexFormat.of().formatHex(expected);
        }
        return SAME;
    }

    private String expect(TimedStep.ExpectMessage s) {
        MessageLog messages = device(s.requester()).messages;
        String what = "next " + s.kind().text() + " of 0x" + Integer.toHexString(s.requester());
        boolean there =
                platform.await(() -> messages.has(s.kind()), platform.loop().now() + s.within());
        Tlp tlp = there ? messages.next(s.kind()) : null;
        if (tlp == null || s.fields() == null) {
            return tlp == null && s.fields() == null
                    ? SAME
                    : what + (tlp == null ? " does not come" : " is " + MessageFields.of(tlp) + ", expected none");
        }
        Map<String, String> found = MessageFields.of(tlp);
        boolean same = s.fields().entrySet().stream().allMatch(e -> e.getValue().equals(found.get(e.getKey())));
        return same ? SAME : what + " is " + found + ", expected " + s.fields();
    }

    /** Sends a Page Request as it is, past the function's page request interface. */
    String request(DeviceStep.PageRequestMessage s) {
        device(s.message().streamId()).function.requester().message(new Tlp.PageRequestMessage(s.message()));
        return SAME;
    }

    /** Sends a Translation Request past the function's ATC, and waits for its answer. */
    String request(DeviceStep.TranslationRequest s) {
        Device d = device(s.requester());
        boolean[] ended = {false};
        while (d.messages.has(TlpKind.TRANSLATION_COMPLETION)) {
            d.messages.next(TlpKind.TRANSLATION_COMPLETION);
        }
        d.function
                .requester()
                .translate(s.iova(), s.count(), s.substream(), s.access(), (outcome, data) -> ended[0] = true);
        platform.await(() -> ended[0], platform.loop().now() + PATIENCE);
        return expect(new TimedStep.ExpectMessage(s.requester(), TlpKind.TRANSLATION_COMPLETION, s.fields(), 0));
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        return port(request.streamId()).invalidate(request);
    }

    @Override
    public void respond(PageResponse response) {
        port(response.streamId()).respond(response);
    }

    @Override
    public boolean canStall(int streamId) {
        return port(streamId).canStall(streamId);
    }

    @Override
    public void resumed(long ticket, Transaction transaction, Verdict verdict) {
        port(transaction.streamId()).resumed(ticket, transaction, verdict);
    }

    private DevicePort port(int stream) {
        return has(stream) ? platform.bridge() : others;
    }
}
