// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.iommuemu.vtd.spec.Descriptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the driver submits is what captures have recorded of Linux, slot by slot from reset on. */
class LinuxDescriptorsTest {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final int EDU = 0x50;
    private static final long MEMORY = 0x4000_0000L;
    private static final long GONE = 0x5_0000_0000L;
    /** Entries of the interrupt table that the kernel programs once devices are translated for. */
    private static final List<Integer> LATER_INTERRUPTS = List.of(11, 11, 11, 11, 11, 0, 0, 7, 7, 3, 3, 16, 16);

    private static final int[] DEVICES = {0x00, EDU, 0xF8, 0xFA, 0xFB};

    static Stream<LinuxCapture> queues() {
        return Stream.of(LinuxCapture.LEGACY_48, LinuxCapture.SCALABLE, LinuxCapture.FIRST_STAGE);
    }

    private static List<String> recorded(LinuxCapture capture) {
        return capture.numbers("descriptors").stream()
                .map(row -> DrivenUnit.text(Objects.requireNonNull(Descriptor.of(row.get(0))), row.get(0), row.get(1)))
                .toList();
    }

    private static Domain.Kind kind(LinuxCapture capture) {
        return capture.stages() == StageLayout.STAGE_1 ? Domain.Kind.FIRST_STAGE : Domain.Kind.SECOND_STAGE;
    }

    /** Attaches what the kernel attaches at boot: each to a domain of its own, but the functions of 00:1f to one. */
    private static Domain boot(DrivenUnit machine, LinuxCapture capture) {
        VtdDriver driver = machine.driver();
        LATER_INTERRUPTS.forEach(i -> driver.unit().interrupts().activate(i, 0xFF00, 0x30, 0));
        Domain edu = null;
        Domain bridge = null;
        for (int device : DEVICES) {
            Domain domain = device > 0xF8 && bridge != null ? bridge : driver.newDomain(kind(capture));
            bridge = device == 0xF8 ? domain : bridge;
            edu = device == EDU ? domain : edu;
            driver.attach(device, NONE, domain);
        }
        return Objects.requireNonNull(edu);
    }

    private static Domain another(VtdDriver driver, Domain old, LinuxCapture capture) {
        driver.detach(EDU, NONE);
        driver.free(old);
        Domain made = driver.newDomain(kind(capture));
        driver.attach(EDU, NONE, made);
        return made;
    }

    /** VFIO tries two pages at the bottom, and unmaps them one by one. */
    private static void tryPages(VtdDriver driver, Domain domain) {
        driver.map(domain, 0, MEMORY, 2 * PAGE, 12, READ_WRITE);
        driver.unmap(domain, 0, PAGE, 12);
        driver.unmap(domain, PAGE, PAGE, 12);
    }

    /** The lengths of the first, and of the second unmapping of 1 MiB: VFIO unmaps what is together in memory. */
    private static List<Integer> pieces(LinuxCapture capture) {
        if (capture.equals(LinuxCapture.LEGACY_48)) {
            return List.of(63, 193);
        }
        return capture.equals(LinuxCapture.SCALABLE) ? List.of(256) : List.of(150, 106);
    }

    /** All that ever was in the queue of three machines, of which a device was given to a program, and had an area unmapped. */
    @ParameterizedTest
    @MethodSource("queues")
    void shouldFillTheQueueAsRecorded(LinuxCapture capture) {
        try (DrivenUnit machine = DrivenUnit.like(capture)) {
            VtdDriver driver = machine.driver();
            Domain edu = boot(machine, capture);

            edu = another(driver, edu, capture);
            if (capture.release() == LinuxRelease.LINUX_6_1) {
                edu = another(driver, edu, capture);
            }
            tryPages(driver, edu);
            driver.map(edu, GONE, MEMORY, 256 * PAGE, 12, READ_WRITE);
            long at = GONE;
            for (int pages : pieces(capture)) {
                driver.unmap(edu, at, pages * PAGE, 12);
                at += pages * PAGE;
            }

            assertThat(machine.descriptors()).isEqualTo(recorded(capture));
        }
    }

    /** 134 unmappings of every length and place that the capture has, of which it has 5,763. */
    @Test
    void shouldUnmapAsRecorded() {
        LinuxCapture capture = LinuxCapture.LEGACY_6_12;
        try (DrivenUnit machine = DrivenUnit.like(capture)) {
            VtdDriver driver = machine.driver();
            List<Domain> domains = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                domains.add(driver.newDomain(Domain.Kind.SECOND_STAGE));
                driver.attach(i << 3, NONE, domains.get(i));
            }
            machine.sent();

            for (List<Long> row : capture.numbers("unmaps")) {
                int id = Descriptor.DID.getInt(row.get(2));
                Domain domain =
                        domains.stream().filter(d -> d.id() == id).findFirst().orElseThrow();
                driver.map(domain, row.get(0), MEMORY, row.get(1) * PAGE, 12, READ_WRITE);
                driver.unmap(domain, row.get(0), row.get(1) * PAGE, 12);

                assertThat(machine.sent())
                        .containsExactly(DrivenUnit.text(Descriptor.IOTLB, row.get(2), row.get(3)), "wait");
            }
        }
    }

    /** Entries that the capture has, with the addresses of tables left out, and domains numbered as devices were attached. */
    @ParameterizedTest
    @MethodSource("org.iommuemu.host.LinuxCapture#all")
    void shouldWriteEntriesAsRecorded(LinuxCapture capture) {
        try (DrivenUnit machine = DrivenUnit.like(capture)) {
            VtdDriver driver = machine.driver();
            List<List<String>> rows = capture.rows("entries");
            Domain shared = null;
            for (List<String> row : rows) {
                int source = (int) LinuxCapture.number(row.get(0));
                boolean together = capture.equals(LinuxCapture.LEGACY_PASSTHROUGH) || source == 0xFA || source == 0xFB;
                if (shared == null || !together) {
                    shared = driver.newDomain(
                            capture.equals(LinuxCapture.LEGACY_PASSTHROUGH) ? Domain.Kind.IDENTITY : kind(capture));
                }
                driver.attach(source, NONE, shared);
            }

            for (List<String> row : rows) {
                EntryReading entries = new EntryReading(
                        machine.memory(), driver.unit().contexts().root(), capture.scalable());
                int source = (int) LinuxCapture.number(row.get(0));
                assertThat(EntryReading.masked(entries.context(source)))
                        .isEqualTo(EntryReading.masked(words(row.get(1))));
                if (capture.scalable()) {
                    assertThat(EntryReading.masked(entries.pasid(source)))
                            .isEqualTo(EntryReading.masked(words(row.get(2))));
                }
            }
        }
    }

    private static long[] words(String text) {
        return Arrays.stream(text.split(" ")).mapToLong(LinuxCapture::number).toArray();
    }

    /** Of 6.12, as one batch; of 6.1, each with a wait of its own. The device's comes behind the IOTLB's, which could fill it again. */
    @ParameterizedTest
    @EnumSource(LinuxRelease.class)
    void shouldInvalidateDeviceTlbsBehindTheIotlb(LinuxRelease release) {
        VtdOptions options = VtdOptions.linux(release, StageLayout.STAGE_2, false);
        try (DrivenUnit machine = new DrivenUnit(LinuxCapture.LEGACY_48.features(), options)) {
            VtdDriver driver = machine.driver();
            driver.map(EDU, NONE, 0x8000, MEMORY, 8 * PAGE, 12, READ_WRITE);
            driver.enableAts(EDU);
            machine.sent();

            driver.unmap(EDU, NONE, 0x8000, 3 * PAGE, 12);

            String iotlb = release == LinuxRelease.LINUX_6_1 ? "200f2 8002" : "200f2 8042";
            String device = "5000000003 9001";
            assertThat(machine.sent())
                    .isEqualTo(
                            release == LinuxRelease.LINUX_6_1
                                    ? List.of(iotlb, "wait", device, "wait")
                                    : List.of(iotlb, device, "wait"));
        }
    }

    /** What a flush of a queue of unmapped ranges sends. */
    @Test
    void shouldFlushADomainAtOnce() {
        try (DrivenUnit machine = DrivenUnit.like(LinuxCapture.LEGACY_6_12)) {
            VtdDriver driver = machine.driver();
            Domain domain = driver.newDomain(Domain.Kind.SECOND_STAGE);
            driver.attach(0x10, NONE, domain);
            driver.attach(0x18, NONE, domain);
            driver.enableAts(0x18);
            machine.sent();

            driver.invalidate(domain, 0, 0);

            assertThat(machine.sent()).containsExactly("200e2 0", "1800000003 7ffffffffffff001", "wait");
        }
    }

    @Test
    void shouldInvalidateADomainWhereARangeIsTooLong() {
        try (DrivenUnit machine = DrivenUnit.like(LinuxCapture.LEGACY_6_12)) {
            VtdDriver driver = machine.driver();
            Domain domain = driver.newDomain(Domain.Kind.SECOND_STAGE);
            driver.attach(0x10, NONE, domain);
            machine.sent();

            driver.invalidate(domain, 0, PAGE << 18);
            driver.invalidate(domain, 0, (PAGE << 18) + 1);

            assertThat(machine.sent()).containsExactly("200f2 12", "wait", "200e2 0", "wait");
        }
    }
}
