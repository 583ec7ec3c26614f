// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.Process;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;

/** A machine that random programs are run on, with what a naive model says of it: what is attached where, and which page is where. */
final class CoreWorld implements AutoCloseable {
    static final int DEVICES = 3;
    static final int PAGES = 4;
    static final long AT = 0x40_0000;
    static final long PAGE = 0x1000;
    /** Those after which hardware may find other entries. */
    private static final Set<CoreStep.Kind> CALLS = EnumSet.of(
            CoreStep.Kind.ENABLE,
            CoreStep.Kind.DISABLE,
            CoreStep.Kind.EXIT,
            CoreStep.Kind.BIND,
            CoreStep.Kind.UNBIND,
            CoreStep.Kind.ATTACH,
            CoreStep.Kind.REPLACE,
            CoreStep.Kind.DETACH);

    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;

    /** A device's requests with a PASID, or without. */
    record User(int stream, int pasid) implements Comparable<User> {
        @Override
        public int compareTo(User o) {
            return stream == o.stream ? Integer.compare(pasid, o.pasid) : Integer.compare(stream, o.stream);
        }
    }

    /** What a device was given while something else was waited for, or -1. */
    record Seen(User user, int page, long before, long physical) {}

    /** A domain of the test's own, with its pages: physical addresses, or 0. */
    static final class Own {
        final Domain domain;
        final long[] pages = new long[PAGES];

        Own(Domain domain) {
            this.domain = domain;
        }
    }

    final ControlledMachine m;
    final HostDevice[] devices = new HostDevice[DEVICES];
    final Process[] processes = new Process[3];
    final Own[] own = new Own[3];
    final List<SvaHandle> handles = new ArrayList<>();
    final List<Integer> pasids = new ArrayList<>();
    final List<FaultGroup> groups = new ArrayList<>();
    /** By the model: attachments to own domains, and to processes' memory, which may be dead. */
    final TreeMap<User, Object> attached = new TreeMap<>();
    /** Groups that have been asked for and not been answered, and how many of the same index. */
    final TreeMap<User, List<Integer>> outstanding = new TreeMap<>();

    final List<Seen> seen = new ArrayList<>();
    private final Object owner = new Object();
    private long nextFrame = 0x2_0000_0000L;
    private int answered;

    CoreWorld(ControlledMachine machine) {
        m = machine;
        for (int i = 0; i < DEVICES; i++) {
            devices[i] = m.device(0x10 + 8 * i);
        }
        for (int i = 0; i < own.length; i++) {
            own[i] = new Own(m.driver.newDomain(Domain.Kind.FIRST_STAGE));
            m.core.faults().handler(own[i].domain, groups::add);
        }
    }

    /** Runs a step; what is thrown is a finding. */
    void run(CoreStep s, boolean failing) {
        HostDevice device = devices[s.a() % DEVICES];
        if (failing) {
            // What is late comes now, to what there is now: it is not to be taken for a part of the step.
            m.devices.run();
            new CoreInvariants(this).check(false);
            seen.clear();
        }
        String before = failing ? m.tables() : "";
        FailurePlan.Counting plan = FailurePlan.nth(1 + s.c());
        m.core.failures(failing ? plan : FailurePlan.NONE);
        boolean failed = !perform(s, device) && failing && plan.hasFailed();
        m.core.failures(FailurePlan.NONE);
        if (failed && s.kind() != CoreStep.Kind.UNBIND) {
            check(m.tables().equals(before), "(iii) a failed " + s + " has changed\n" + before + "to\n" + m.tables());
        }
        new CoreInvariants(this).check(CALLS.contains(s.kind()));
        seen.clear();
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** Whether the operation succeeded; true if it was none that fails. */
    private boolean perform(CoreStep s, HostDevice d) {
        switch (s.kind()) {
            case ENABLE -> {
                return m.core.enableSva(d).isOk();
            }
            case DISABLE -> disable(d);
            case START -> start(s.b() % processes.length);
            case EXIT -> exit(s.b() % processes.length);
            case BIND -> {
                return bind(d, processes[s.b() % processes.length]);
            }
            case UNBIND -> unbind(s.b());
            case ALLOCATE -> allocate();
            case FREE -> free(s.b());
            case ATTACH, REPLACE -> {
                return attach(s.kind() == CoreStep.Kind.REPLACE, d, pasid(s.b()), own[s.c() % own.length]);
            }
            case DETACH -> detach(d, pasid(s.b()));
            case MAP -> map(own[s.a() % own.length], s.b() % PAGES);
            case UNMAP -> unmap(own[s.a() % own.length], s.b() % PAGES);
            case TOUCH, PROTECT, DISCARD -> change(s, processes[s.a() % processes.length]);
            case DMA -> dma(user(d, s.b()), s.c() % PAGES);
            case LATE_DMA -> later(user(d, s.b()), s.c() % PAGES);
            case PREFETCH -> prefetch(d, user(d, s.b()), s.c() % PAGES);
            case ASK -> ask(d, user(d, s.b()), s.c());
            case RESPOND -> respond(s.b());
            case SLOW -> m.devices.answerLater = s.b() % 2 == 0;
            case PASS -> m.devices.run();
        }
        return true;
    }

    /** One of the test's own, or none. */
    private int pasid(int i) {
        return i < pasids.size() ? pasids.get(i) : NONE;
    }

    /** Any that may be used. */
    private static User user(HostDevice d, int i) {
        return new User(d.stream(), i == 0 ? NONE : i);
    }

    private void disable(HostDevice d) {
        // A driver unbinds first.
        for (SvaHandle h : List.copyOf(handles)) {
            if (h.devices().contains(d)) {
                unbind(handles.indexOf(h));
            }
        }
        if (!m.core.isSvaEnabled(d)) {
            return;
        }
        m.core.disableSva(d);
        attached.keySet().removeIf(u -> u.stream == d.stream() && u.pasid != NONE);
        m.devices.atc.keySet().removeIf(k -> k.stream() == d.stream());
    }

    private void start(int i) {
        if (processes[i] == null) {
            processes[i] = m.processes.start(Credentials.user(1000));
            memory(processes[i]).map(AT, PAGES * PAGE, READ_WRITE).value();
        }
    }

    static AddressSpace memory(Process p) {
        return Objects.requireNonNull(p.addressSpace());
    }

    private void exit(int i) {
        if (processes[i] != null) {
            m.processes.exit(processes[i]);
            m.processes.reap(processes[i]);
            processes[i] = null;
        }
    }

    private boolean bind(HostDevice d, Process p) {
        if (p == null) {
            return true;
        }
        AddressSpace mm = memory(p);
        boolean isNew = mm.pasid() == AddressSpace.INVALID_PASID;
        Result<SvaHandle> bound = m.core.sva().bind(d, mm);
        if (isNew && mm.pasid() != AddressSpace.INVALID_PASID) {
            isDrained(mm.pasid());
        }
        if (bound.isOk()) {
            handles.add(bound.value());
            attached.put(new User(d.stream(), bound.value().pasid()), mm);
        }
        // A PASID belongs to the address space from then on, whatever fails later: that is no leak.
        return bound.isOk() || isNew;
    }

    private void unbind(int i) {
        if (i >= 0 && i < handles.size()) {
            SvaHandle h = handles.remove(i);
            boolean last = !handles.contains(h);
            User user = new User(h.devices().get(0).stream(), h.pasid());
            m.core.sva().unbind(h);
            if (last) {
                attached.remove(user);
                isGone(user);
            }
        }
    }

    private void allocate() {
        if (pasids.size() < 3) {
            Result<Integer> made = m.core.pasids().allocate(1, CoreStep.MANY - 1, owner);
            if (made.isOk()) {
                isDrained(made.value());
                pasids.add(made.value());
            }
        }
    }

    private void free(int i) {
        if (i < pasids.size()) {
            int pasid = pasids.get(i);
            boolean used = attached.keySet().stream().anyMatch(u -> u.pasid == pasid);
            boolean freed = m.core.pasids().free(pasid).isOk();
            check(freed != used, "PASID " + pasid + (freed ? " is freed while it is attached" : " cannot be freed"));
            if (freed) {
                pasids.remove(i);
            }
        }
    }

    private boolean attach(boolean replace, HostDevice d, int pasid, Own to) {
        User user = new User(d.stream(), pasid);
        Object now = attached.get(user);
        Result<?> result = replace ? m.core.replace(d, pasid, to.domain) : m.core.attach(d, pasid, to.domain);
        if (result.isOk()) {
            check(replace || now == null || now == to, "a domain is attached over another");
            attached.put(user, to);
        }
        return result.isOk();
    }

    private void detach(HostDevice d, int pasid) {
        User user = new User(d.stream(), pasid);
        m.core.detach(d, pasid);
        if (attached.remove(user) != null) {
            isGone(user);
        }
    }

    /** (ii) Nothing gets through, nothing is left in the ATC, and nothing is unanswered. */
    private void isGone(User user) {
        takeAnswers();
        check(outstanding.getOrDefault(user, List.of()).isEmpty(), "(ii) unanswered after detaching " + user);
        for (int page = 0; page < PAGES; page++) {
            long address = AT + page * PAGE;
            check(m.read(user.stream, user.pasid, address) < 0, "(ii) DMA after detaching " + user);
            check(!m.isCachedByDevice(user.stream, user.pasid, address), "(ii) cached after detaching " + user);
        }
    }

    /** (iv) */
    private void isDrained(int pasid) {
        takeAnswers();
        check(
                attached.keySet().stream().noneMatch(u -> u.pasid == pasid),
                "(iv) attached PASID " + pasid + " is reused");
        for (HostDevice d : devices) {
            User user = new User(d.stream(), pasid);
            check(m.devices.atc.keySet().stream().noneMatch(k -> k.pasid() == pasid), "(iv) cached: PASID " + pasid);
            // What was asked for without being attached may still be in the queue: it is nobody's.
            boolean waits = groups.stream()
                    .anyMatch(g -> g.pasid() == pasid
                            && g.device() == d
                            && outstanding(user).contains(g.requests().get(0).group() - 8 * (pasid + 1)));
            check(!waits, "(iv) a fault of PASID " + pasid + " waits");
        }
    }

    private List<Integer> outstanding(User user) {
        return outstanding.computeIfAbsent(user, u -> new ArrayList<>());
    }

    private void map(Own o, int page) {
        if (o.pages[page] == 0) {
            nextFrame += PAGE;
            o.pages[page] = nextFrame;
            m.driver.map(o.domain, AT + page * PAGE, nextFrame, PAGE, 12, READ_WRITE);
        }
    }

    private void unmap(Own o, int page) {
        if (o.pages[page] != 0) {
            o.pages[page] = 0;
            m.driver.unmap(o.domain, AT + page * PAGE, PAGE, 12);
        }
    }

    private static void change(CoreStep s, Process p) {
        if (p == null) {
            return;
        }
        AddressSpace mm = memory(p);
        long page = AT + s.b() % PAGES * PAGE;
        switch (s.kind()) {
            case TOUCH -> mm.fault(page, s.c() % 2 == 0 ? IommuDriver.WRITE : IommuDriver.READ);
            case PROTECT -> mm.protect(page, PAGE, s.c() % 2 == 0 ? READ_WRITE : IommuDriver.READ);
            default -> {
                mm.unmap(page, PAGE);
                mm.map(page, PAGE, READ_WRITE);
            }
        }
    }

    /** Where the model has a page for a user, or -1. */
    long physical(User user, int page) {
        Object to = attached.get(user);
        if (to instanceof Own o) {
            return o.pages[page] == 0 ? -1 : o.pages[page];
        }
        return to instanceof AddressSpace mm && !mm.isDying() ? mm.tables().physical(AT + page * PAGE) : -1;
    }

    private void dma(User user, int page) {
        long got = m.translate(user.stream, user.pasid, AT + page * PAGE, Access.READ);
        check(got == physical(user, page), String.format("%s reads page %d at %x", user, page, got));
    }

    /** Done when software waits next: it sees what was there before, or what is there after, or nothing. */
    private void later(User user, int page) {
        long before = physical(user, page);
        m.devices.pending.add(() -> {
            long got = m.translate(user.stream, user.pasid, AT + page * PAGE, Access.READ);
            seen.add(new Seen(user, page, before, got));
        });
    }

    private void prefetch(HostDevice d, User user, int page) {
        if (m.function(d).usesAts()) {
            m.prefetch(user.stream, user.pasid, AT + page * PAGE);
        }
    }

    private void ask(HostDevice d, User user, int group) {
        boolean last = group % 3 != 0;
        if (m.function(d).asksForPages() && !outstanding(user).contains(group)) {
            if (last) {
                outstanding(user).add(group);
            }
            long address = AT + group % PAGES * PAGE;
            // Devices number their groups for themselves: users of one device do not share numbers here.
            int number = group + 8 * (user.pasid + 1);
            m.request(new PageRequest(user.stream, user.pasid, address, true, true, false, false, last, number));
        }
    }

    private void respond(int i) {
        if (i < groups.size()) {
            groups.remove(i).respond(PageResponse.Code.SUCCESS);
        }
    }

    /** Answers that have come are taken; each is to a group that is outstanding. */
    void takeAnswers() {
        for (; answered < m.devices.responses.size(); answered++) {
            PageResponse r = m.devices.responses.get(answered);
            User user = new User(r.streamId(), r.substreamId());
            Integer group = r.group() - 8 * (r.substreamId() + 1);
            check(outstanding(user).remove(group), "an answer to what was not asked: " + r);
        }
    }

    @Override
    public void close() {
        m.close();
    }
}
