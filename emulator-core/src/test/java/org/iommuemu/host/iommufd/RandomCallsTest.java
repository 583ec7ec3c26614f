// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY_BYTES;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;
import static org.iommuemu.host.iommufd.IommufdMachine.SCRATCH;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.EventStructures.VeventqAlloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Invalidate;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.ViommuStructures.VdeviceAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.ViommuAlloc;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Requests with anything in them: none throws, one that is refused changes nothing, devices reach exactly what was mapped, and nothing is
 * left in the end.
 */
class RandomCallsTest {
    private static final int CALLS = 12_500;
    private static final int REFUSED_BETWEEN_IMAGES = 64;
    private static final long[] VALUES = {
        0,
        1,
        2,
        3,
        4,
        5,
        7,
        8,
        16,
        24,
        40,
        48,
        PAGE,
        2 * PAGE,
        0x2345,
        MEMORY,
        MEMORY + PAGE,
        SCRATCH,
        SCRATCH + 0x4000,
        0x800_0000L,
        0xFEE0_0000L,
        1L << 47,
        1L << 48,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -2,
        -PAGE,
        0x8000_0000L
    };

    private final List<Device> devices = new ArrayList<>();
    private final Map<Integer, TreeMap<Long, Long>> mapped = new TreeMap<>();
    private IommufdMachine m;
    private RandomStream random;
    private int refused;

    private long value() {
        return random.nextBelow(4) == 0 ? random.nextLong() : VALUES[below(VALUES.length)];
    }

    private int below(int bound) {
        return (int) random.nextBelow(bound);
    }

    private int id() {
        return 1 + below(14);
    }

    private String state() {
        StringBuilder text = new StringBuilder();
        text.append(m.iommufd().ids()).append(m.space.lockedBytes()).append(' ');
        text.append(m.machine.driver.domainsInUse()).append(' ').append(m.machine.frames.inUse());
        for (Device d : devices) {
            for (int pasid : new int[] {NONE, 1, 2}) {
                m.iommufd().devices().attached(d.id(), pasid).then(t -> {
                    text.append(" ")
                            .append(d.id())
                            .append(':')
                            .append(pasid)
                            .append('=')
                            .append(t);
                    return Result.done();
                });
            }
        }
        return text.toString();
    }

    private long refusedUnchanged(LongSupplier call) {
        boolean whole = refused % REFUSED_BETWEEN_IMAGES == 0;
        String before = whole ? m.machine.tables() + state() : state();
        long returned = call.getAsLong();
        if (returned < 0) {
            refused++;
            assertThat(whole ? m.machine.tables() + state() : state()).isEqualTo(before);
        }
        return returned;
    }

    /** Any request with anything in its structure, of any length. */
    private void anything() {
        IommufdRequest[] all = IommufdRequest.values();
        IommufdRequest request = all[below(all.length)];
        if (request == IommufdRequest.IOAS_UNMAP || request == IommufdRequest.DESTROY) {
            return;
        }
        Structure s = Structure.of(request);
        for (int at = 4; at < request.bytes(); at += 4) {
            if (below(3) != 0) {
                s.with(StructureField.u32("", at), below(3) == 0 ? value() : below(3) == 0 ? id() : 0);
            }
            if (at % 8 == 0 && at + 8 <= request.bytes() && below(4) == 0) {
                s.with(StructureField.u64("", at), value());
            }
        }
        int size = below(8) == 0 ? below(80) : request.bytes();
        Structure sent = s.resized(Math.max(size, 4));
        if (below(16) == 0) {
            sent.with(StructureField.u32("", 0), value());
        }
        IommufdRequest known = request;
        refusedUnchanged(() -> m.call(known, sent));
        refresh();
    }

    /** Requests of which some succeed. */
    private void something() {
        switch (below(12)) {
            case 0 -> {
                int ioas = m.iommufd().ids().size() < 12 ? m.ioas() : 0;
                if (ioas != 0) {
                    mapped.put(ioas, new TreeMap<>());
                }
            }
            case 1, 2, 3 -> map();
            case 4 -> unmap();
            case 5 -> {
                int id = id();
                if (refusedUnchanged(() -> m.destroy(id)) == 0) {
                    mapped.remove(id);
                }
            }
            case 6 -> {
                if (m.iommufd().ids().size() < 14) {
                    Structure s = IommufdMachine.table(
                            new int[] {0, Alloc.PASID, Alloc.NEST_PARENT, 12, 5, 2}[below(6)], id(), id());
                    s.with(Alloc.FAULT_ID, id());
                    refusedUnchanged(() -> m.call(IommufdRequest.HWPT_ALLOC, s));
                }
            }
            case 7 -> guest();
            case 8, 9 -> {
                Device d = devices.get(below(devices.size()));
                int pasid = new int[] {NONE, NONE, 1, 2, 0, 1 << 20}[below(6)];
                int target = id();
                refusedUnchanged(() -> d.attach(pasid, target));
            }
            case 10 -> {
                Device d = devices.get(below(devices.size()));
                d.detach(new int[] {NONE, 1, 2, 0, -7}[below(5)]);
            }
            default -> files();
        }
    }

    private void map() {
        int ioas = id();
        long pages = 1L + below(3);
        long from = MEMORY + below(100) * PAGE;
        long iova = below(20) == 0 ? value() : 0x10_0000 + below(64) * PAGE;
        long returned = refusedUnchanged(() -> m.map(ioas, from, pages * PAGE, iova));
        if (returned == 0) {
            for (long i = 0; i < pages; i++) {
                mapped.get(ioas).put(iova + i * PAGE, from + i * PAGE);
            }
        }
    }

    private void unmap() {
        int ioas = id();
        long iova = below(20) == 0 ? 0 : 0x10_0000 + below(64) * PAGE;
        long length = iova == 0 ? -1 : (1L + below(8)) * PAGE;
        if (refusedUnchanged(() -> m.unmap(ioas, iova, length)) == 0) {
            mapped.get(ioas)
                    .subMap(iova, length == -1 ? Long.MAX_VALUE : iova + length)
                    .clear();
        }
    }

    private void guest() {
        if (m.iommufd().ids().size() >= 14) {
            return;
        }
        Structure s = switch (below(5)) {
            case 0 -> GuestVtd.firstStage(m, id(), id(), MEMORY);
            case 1 -> GuestSmmu.table(m, id(), id(), GuestSmmu.streamEntry(MEMORY, below(4)));
            case 2 ->
                Structure.of(IommufdRequest.VIOMMU_ALLOC)
                        .with(ViommuAlloc.TYPE, 1)
                        .with(ViommuAlloc.DEV_ID, id())
                        .with(ViommuAlloc.HWPT_ID, id());
            case 3 ->
                Structure.of(IommufdRequest.VDEVICE_ALLOC)
                        .with(VdeviceAlloc.VIOMMU_ID, id())
                        .with(VdeviceAlloc.DEV_ID, id())
                        .with(VdeviceAlloc.VIRT_ID, below(3));
            default ->
                Structure.of(IommufdRequest.VEVENTQ_ALLOC)
                        .with(VeventqAlloc.VIOMMU_ID, id())
                        .with(VeventqAlloc.TYPE, 1)
                        .with(VeventqAlloc.VEVENTQ_DEPTH, 2);
        };
        IommufdRequest request = s.bytes().limit() == 48
                ? IommufdRequest.HWPT_ALLOC
                : s.bytes().limit() == 40
                        ? IommufdRequest.VIOMMU_ALLOC
                        : s.bytes().limit() == 24 ? IommufdRequest.VDEVICE_ALLOC : IommufdRequest.VEVENTQ_ALLOC;
        refusedUnchanged(() -> m.call(request, s));
        long command =
                random.nextLong() & ~0xFFL | new int[] {0x10, 0x11, 0x12, 0x13, 0x30, 0x40, 5, 6, 0x46}[below(9)];
        m.put(Structure.of(24)
                .with(StructureField.u64("", 0), below(2) == 0 ? command : value())
                .with(StructureField.u64("", 8), value())
                .with(StructureField.u32("", 16), below(3)));
        Structure invalidation = Structure.of(IommufdRequest.HWPT_INVALIDATE)
                .with(Invalidate.HWPT_ID, id())
                .with(Invalidate.DATA_TYPE, below(2))
                .with(Invalidate.DATA_UPTR, SCRATCH)
                .with(Invalidate.ENTRY_LEN, below(2) == 0 ? 16 : 24)
                .with(Invalidate.ENTRY_NUM, below(3));
        refusedUnchanged(() -> m.call(IommufdRequest.HWPT_INVALIDATE, invalidation));
    }

    private void files() {
        int fd = below(5);
        m.process.files().get(fd).then(file -> {
            if (file != m.file) {
                readOrWrite(file);
                if (below(3) == 0) {
                    m.process.files().close(fd).value();
                }
            }
            return Result.done();
        });
        Device d = devices.get(below(devices.size()));
        if (below(20) == 0) {
            d.close();
            d.file = d.vfio.open();
            d.file.get();
            d.bind(m.fd);
        }
        if (m.iommufd().ids().size() < 12 && below(4) == 0) {
            m.faultQueue();
        }
        m.machine.askForPage(d.stream(), below(2) == 0 ? NONE : 1, MEMORY, below(16));
        m.machine.devices.run();
        m.machine.devices.responses.clear();
        m.machine.recorded.clear();
    }

    private void readOrWrite(OpenFile file) {
        Structure s = Structure.of(160).with(StructureField.u32("", 0), below(4));
        s.with(StructureField.u32("", 4), below(3));
        file.read(m.caller, s.buffer(), below(2) == 0 ? below(200) : 40L * below(5), below(9) == 0 ? 8 : 0);
        file.write(m.caller, s.buffer(), below(2) == 0 ? below(30) : 8, 0);
    }

    /** What requests with anything in them have mapped is not known: their address spaces are looked at no more. */
    private void refresh() {
        mapped.keySet().removeIf(i -> !m.iommufd().ioas().usable(i).isOk());
        for (int ioas : m.iommufd().ids()) {
            if (m.iommufd().ioas().usable(ioas).isOk() && !mapped.containsKey(ioas)) {
                mapped.put(ioas, new TreeMap<>());
            }
        }
        mapped.forEach((ioas, pages) -> {
            // Only what the tracked calls map is between these; anything else there came by a random request.
            if (m.iommufd().ioas().unmap(ioas, 0, 0x10_0000).isOk()) {
                pages.headMap(0x10_0000L).clear();
            }
        });
    }

    /** What a device reads is what a naive map of the calls says. */
    private void look() {
        Device d = devices.get(below(devices.size()));
        long iova = 0x10_0000 + below(66) * PAGE;
        m.iommufd().devices().attached(d.id(), NONE).then(table -> {
            IommufdObject hwpt = m.file.iommufd().objects().get(table);
            if (hwpt instanceof PagingHwpt paging) {
                Long expected = mapped.get(paging.ioas().id()).get(iova);
                assertThat(d.read(iova)).isEqualTo(expected == null ? -1 : m.physical(expected));
            }
            return Result.done();
        });
    }

    @ParameterizedTest(name = "seed {0}, SMMUv3 {1}")
    @CsvSource({"1,true", "2,true", "3,true", "4,true", "5,false", "6,false", "7,false", "8,false"})
    void shouldNeverThrowNorChangeAnythingByARefusedCall(long seed, boolean smmu) {
        try (IommufdMachine made = new IommufdMachine(smmu ? ControlledMachine.smmuv3() : ControlledMachine.vtd())) {
            m = made;
            random = new RandomStream(seed);
            for (long at = MEMORY; at < MEMORY + MEMORY_BYTES; at += PAGE) {
                m.space.fault(at, 2).value();
            }
            IommuGroup group = new IommuGroup(50);
            m.machine.device(0x10);
            m.machine.device(0x20, group);
            m.machine.device(0x21, group);
            String before =
                    m.machine.tables() + m.space.lockedBytes() + m.iommufd().ids();
            devices.add(m.bind(m.machine.device(0x10)));
            devices.add(m.bind(0x20, group));
            devices.add(m.bind(0x21, group));
            for (int i = 0; i < CALLS; i++) {
                if (below(3) == 0) {
                    anything();
                } else {
                    something();
                }
                look();
            }
            assertThat(refused).isGreaterThan(CALLS / 4);
            assertThat(m.machine.staleAccesses()).isZero();
            devices.forEach(Device::close);
            for (int fd = 0; fd < 64; fd++) {
                if (fd != m.fd) {
                    m.process.files().close(fd);
                }
            }
            for (int pass = 0; pass < 6; pass++) {
                m.iommufd().ids().forEach(m::destroy);
            }
            assertThat(m.machine.tables() + m.space.lockedBytes() + m.iommufd().ids())
                    .isEqualTo(before);
        }
    }
}
