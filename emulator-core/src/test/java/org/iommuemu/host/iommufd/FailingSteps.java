// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;
import static org.iommuemu.host.iommufd.IommufdMachine.RW;
import static org.iommuemu.host.iommufd.IommufdMachine.SCRATCH;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.EventStructures.PageFault;
import org.iommuemu.host.iommufd.spec.EventStructures.Response;
import org.iommuemu.host.iommufd.spec.EventStructures.VeventqAlloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.HwInfo;
import org.iommuemu.host.iommufd.spec.IoasStructures.AllowIovas;
import org.iommuemu.host.iommufd.spec.IoasStructures.Copy;
import org.iommuemu.host.iommufd.spec.IoasStructures.IovaRanges;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapFile;
import org.iommuemu.host.iommufd.spec.IoasStructures.MapUser;
import org.iommuemu.host.iommufd.spec.IoasStructures.Range;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.ViommuStructures.VdeviceAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.ViommuAlloc;
import org.iommuemu.host.process.MemoryFile;
import org.iommuemu.host.process.OpenFile;
import org.junit.jupiter.params.provider.Arguments;

/** Calls of iommufd and of VFIO's devices, with all that they need, for whoever lets their steps fail. */
final class FailingSteps {
    static final long AT = 0x20_0000;

    private FailingSteps() {}

    /**
     * A call, once all that it needs is there.
     *
     * @param steps how many of its steps can fail
     */
    record Scenario(String name, int steps, Function<IommufdMachine, LongSupplier> prepare) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static LongSupplier call(IommufdMachine m, IommufdRequest request, Structure s) {
        Structure original = s.resized(s.bytes().limit());
        return () -> m.call(request, original.resized(original.bytes().limit()));
    }

    static int ioasWithMemory(IommufdMachine m) {
        int ioas = m.ioas();
        m.map(ioas, MEMORY, 2 * PAGE, AT);
        m.map(ioas, MEMORY + 4 * PAGE, PAGE, AT + 2 * PAGE);
        return ioas;
    }

    static Structure faulting(IommufdMachine m, Device d, int ioas) {
        return IommufdMachine.table(Alloc.FAULT_ID_VALID | Alloc.PASID, d.id(), ioas)
                .with(Alloc.FAULT_ID, m.faultQueue().get(0));
    }

    static int made(IommufdMachine m, Structure s) {
        return m.made(IommufdRequest.HWPT_ALLOC, s, Alloc.OUT_HWPT_ID);
    }

    private static int viommu(IommufdMachine m, Device d) {
        int parent = m.hwpt(Alloc.NEST_PARENT, d.id(), m.ioas());
        return m.iommufd()
                .viommus()
                .allocate(ViommuAlloc.TYPE_ARM_SMMUV3, d.id(), parent)
                .value();
    }

    private static Scenario scenario(String name, int steps, Function<IommufdMachine, LongSupplier> prepare) {
        return new Scenario(name, steps, prepare);
    }

    private static List<Scenario> everywhere() {
        List<Scenario> all = new ArrayList<>(calls());
        all.addAll(attachments());
        return all;
    }

    private static List<Scenario> calls() {
        return List.of(
                scenario(
                        "IOAS_ALLOC",
                        4,
                        m -> call(m, IommufdRequest.IOAS_ALLOC, Structure.of(IommufdRequest.IOAS_ALLOC))),
                scenario(
                        "IOAS_MAP without tables",
                        4,
                        m -> call(
                                m, IommufdRequest.IOAS_MAP, IommufdMachine.mapping(m.ioas(), RW, MEMORY, 3 * PAGE, 0))),
                scenario("IOAS_MAP with two tables", 10, m -> {
                    int ioas = m.ioas();
                    Device d = m.bind(0x10);
                    m.hwpt(0, d.id(), ioas);
                    d.attach(ioas);
                    return call(m, IommufdRequest.IOAS_MAP, IommufdMachine.mapping(ioas, RW, MEMORY, 3 * PAGE, 0));
                }),
                scenario("IOAS_MAP_FILE", 8, m -> {
                    MemoryFile file =
                            m.machine.processes.newMemoryFile(2 * PAGE).value();
                    long mapped = m.space.mapFile(0, 2 * PAGE, 3, file, 0).value();
                    m.space.fault(mapped, 2);
                    m.space.fault(mapped + PAGE, 2);
                    int ioas = m.ioas();
                    m.bind(0x10).attach(ioas);
                    return call(
                            m,
                            IommufdRequest.IOAS_MAP_FILE,
                            Structure.of(IommufdRequest.IOAS_MAP_FILE)
                                    .with(MapFile.FLAGS, RW)
                                    .with(MapFile.IOAS_ID, ioas)
                                    .with(MapFile.FD, m.process.files().open(file))
                                    .with(MapFile.LENGTH, 2 * PAGE));
                }),
                scenario("IOAS_COPY of two mappings to two tables", 14, m -> {
                    int from = ioasWithMemory(m);
                    int to = m.ioas();
                    Device d = m.bind(0x10);
                    m.hwpt(0, d.id(), to);
                    m.hwpt(0, d.id(), to);
                    return call(
                            m,
                            IommufdRequest.IOAS_COPY,
                            Structure.of(IommufdRequest.IOAS_COPY)
                                    .with(Copy.FLAGS, MapUser.READABLE)
                                    .with(Copy.SRC_IOAS_ID, from)
                                    .with(Copy.DST_IOAS_ID, to)
                                    .with(Copy.SRC_IOVA, AT)
                                    .with(Copy.LENGTH, 3 * PAGE));
                }),
                scenario(
                        "IOAS_IOVA_RANGES",
                        4,
                        m -> call(
                                m,
                                IommufdRequest.IOAS_IOVA_RANGES,
                                Structure.of(IommufdRequest.IOAS_IOVA_RANGES)
                                        .with(IovaRanges.IOAS_ID, m.ioas())
                                        .with(IovaRanges.NUM_IOVAS, 1)
                                        .with(IovaRanges.ALLOWED_IOVAS, SCRATCH))),
                scenario(
                        "IOAS_ALLOW_IOVAS",
                        6,
                        m -> call(
                                m,
                                IommufdRequest.IOAS_ALLOW_IOVAS,
                                Structure.of(IommufdRequest.IOAS_ALLOW_IOVAS)
                                        .with(AllowIovas.IOAS_ID, m.ioas())
                                        .with(AllowIovas.NUM_IOVAS, 2)
                                        .with(
                                                AllowIovas.ALLOWED_IOVAS,
                                                m.put(
                                                        Structure.of(Range.BYTES)
                                                                .with(Range.LAST, 9),
                                                        Structure.of(Range.BYTES)
                                                                .with(Range.START, 10)
                                                                .with(Range.LAST, 12))))),
                scenario("HWPT_ALLOC of what is mapped", 11, m -> {
                    int ioas = ioasWithMemory(m);
                    return call(
                            m,
                            IommufdRequest.HWPT_ALLOC,
                            IommufdMachine.table(0, m.bind(0x10).id(), ioas));
                }),
                scenario(
                        "HWPT_ALLOC with a fault queue",
                        4,
                        m -> call(m, IommufdRequest.HWPT_ALLOC, faulting(m, m.bind(0x10), ioasOf(m)))),
                scenario(
                        "GET_HW_INFO",
                        4,
                        m -> call(
                                m,
                                IommufdRequest.GET_HW_INFO,
                                Structure.of(IommufdRequest.GET_HW_INFO)
                                        .with(HwInfo.DEV_ID, m.bind(0x10).id())
                                        .with(HwInfo.DATA_LEN, 64)
                                        .with(HwInfo.DATA_UPTR, SCRATCH))),
                scenario(
                        "FAULT_QUEUE_ALLOC",
                        4,
                        m -> call(m, IommufdRequest.FAULT_QUEUE_ALLOC, Structure.of(IommufdRequest.FAULT_QUEUE_ALLOC))),
                scenario("DESTROY", 2, m -> {
                    int ioas = m.ioas();
                    return () -> m.destroy(ioas);
                }),
                scenario("read of a fault", 2, m -> {
                    OpenFile file = asked(m);
                    return () ->
                            Math.min(0, file.read(m.caller, Structure.of(40).buffer(), PageFault.BYTES, 0));
                }),
                scenario("write of an answer", 1, m -> {
                    OpenFile file = asked(m);
                    file.read(m.caller, Structure.of(40).buffer(), PageFault.BYTES, 0);
                    Structure answer = Structure.of(Response.BYTES).with(Response.COOKIE, 1);
                    return () -> Math.min(0, file.write(m.caller, answer.buffer(), Response.BYTES, 0));
                }));
    }

    private static int ioasOf(IommufdMachine m) {
        return m.ioas();
    }

    private static OpenFile asked(IommufdMachine m) {
        Device d = m.bind(0x10);
        int ioas = m.ioas();
        int before = m.process.files().open(m.file);
        m.process.files().close(before).value();
        d.attach(made(m, faulting(m, d, ioas)));
        m.machine.askForPage(0x10, NONE, AT, 1);
        m.machine.devices.run();
        return m.process.files().get(before).value();
    }

    private static List<Scenario> attachments() {
        return List.of(
                scenario("bind", 4, m -> {
                    Device d = m.new Device(m.machine.device(0x10));
                    return () -> d.bind(m.fd);
                }),
                scenario("attach", 4, m -> {
                    Device d = m.bind(0x10);
                    int table = m.hwpt(0, d.id(), ioasWithMemory(m));
                    return () -> d.attach(table);
                }),
                scenario("attach a PASID", 5, m -> {
                    Device d = m.bind(0x10);
                    int table = m.hwpt(Alloc.PASID, d.id(), ioasWithMemory(m));
                    d.attach(table);
                    return () -> d.attach(9, table);
                }),
                scenario("attach with faults", 6, m -> {
                    Device d = m.bind(0x10);
                    int table = made(m, faulting(m, d, ioasWithMemory(m)));
                    return () -> d.attach(table);
                }),
                scenario("attach to an address space", 12, m -> {
                    Device d = m.bind(0x10);
                    int ioas = ioasWithMemory(m);
                    return () -> d.attach(ioas);
                }),
                scenario("attach a group of three", 6, m -> {
                    IommuGroup group = new IommuGroup(60);
                    Device d = m.bind(0x10, group);
                    m.bind(0x11, group);
                    m.machine.device(0x12, group);
                    int ioas = m.ioas();
                    int table = m.hwpt(0, d.id(), ioas);
                    return () -> d.attach(table);
                }));
    }

    static Stream<Arguments> all() {
        List<Arguments> all = new ArrayList<>();
        for (Maker maker : ControlledMachine.all().toList()) {
            everywhere().forEach(s -> all.add(Arguments.of(maker, s)));
        }
        guestsOfVtd().forEach(s -> all.add(Arguments.of(new Maker("VT-d", ControlledMachine::vtd), s)));
        guestsOfSmmu().forEach(s -> all.add(Arguments.of(new Maker("SMMUv3", ControlledMachine::smmuv3), s)));
        return all.stream();
    }

    private static List<Scenario> guestsOfVtd() {
        return List.of(
                scenario("HWPT_ALLOC of a guest's first stage", 5, m -> {
                    Device d = m.bind(0x10);
                    int parent = m.hwpt(Alloc.NEST_PARENT, d.id(), m.ioas());
                    return call(m, IommufdRequest.HWPT_ALLOC, GuestVtd.firstStage(m, d.id(), parent, 0x1000));
                }),
                scenario("attach a guest's first stage", 4, m -> {
                    Device d = m.bind(0x10);
                    int parent = m.hwpt(Alloc.NEST_PARENT, d.id(), m.ioas());
                    int table = made(m, GuestVtd.firstStage(m, d.id(), parent, 0x1000));
                    return () -> d.attach(table);
                }));
    }

    private static List<Scenario> guestsOfSmmu() {
        return List.of(
                scenario("VIOMMU_ALLOC", 4, m -> {
                    Device d = m.bind(0x10);
                    int parent = m.hwpt(Alloc.NEST_PARENT, d.id(), m.ioas());
                    return call(
                            m,
                            IommufdRequest.VIOMMU_ALLOC,
                            Structure.of(IommufdRequest.VIOMMU_ALLOC)
                                    .with(ViommuAlloc.TYPE, ViommuAlloc.TYPE_ARM_SMMUV3)
                                    .with(ViommuAlloc.DEV_ID, d.id())
                                    .with(ViommuAlloc.HWPT_ID, parent));
                }),
                scenario("VDEVICE_ALLOC", 4, m -> {
                    Device d = m.bind(0x10);
                    return call(
                            m,
                            IommufdRequest.VDEVICE_ALLOC,
                            Structure.of(IommufdRequest.VDEVICE_ALLOC)
                                    .with(VdeviceAlloc.VIOMMU_ID, viommu(m, d))
                                    .with(VdeviceAlloc.DEV_ID, d.id()));
                }),
                scenario(
                        "VEVENTQ_ALLOC",
                        4,
                        m -> call(
                                m,
                                IommufdRequest.VEVENTQ_ALLOC,
                                Structure.of(IommufdRequest.VEVENTQ_ALLOC)
                                        .with(VeventqAlloc.VIOMMU_ID, viommu(m, m.bind(0x10)))
                                        .with(VeventqAlloc.TYPE, VeventqAlloc.TYPE_ARM_SMMUV3)
                                        .with(VeventqAlloc.VEVENTQ_DEPTH, 3))),
                scenario("HWPT_ALLOC of a guest's contexts", 5, m -> {
                    Device d = m.bind(0x10);
                    Structure ste = GuestSmmu.streamEntry(0x1000, 0);
                    return call(m, IommufdRequest.HWPT_ALLOC, GuestSmmu.table(m, d.id(), viommu(m, d), ste));
                }),
                scenario("attach a guest's contexts", 4, m -> {
                    Device d = m.bind(0x10);
                    int viommu = viommu(m, d);
                    int table = made(m, GuestSmmu.table(m, d.id(), viommu, GuestSmmu.streamEntry(0x1000, 0)));
                    m.iommufd().viommus().allocateDevice(viommu, d.id(), 5).value();
                    return () -> d.attach(table);
                }));
    }
}
