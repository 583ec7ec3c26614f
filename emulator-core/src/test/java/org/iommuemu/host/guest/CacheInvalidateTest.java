// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.ControlledMachine.Consumed;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.vtd.spec.Descriptor;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Corner case 26, each row of the rules of invalidations, and what each of them makes the IOMMU consume. */
class CacheInvalidateTest {
    private static final int IOTLB = CacheInvalidateInfo.IOTLB;
    private static final int DEV_IOTLB = CacheInvalidateInfo.DEV_IOTLB;
    private static final int PASID_CACHE = CacheInvalidateInfo.PASID_CACHE;
    private static final int DOMAIN = CacheInvalidateInfo.DOMAIN;
    private static final int PASID = CacheInvalidateInfo.PASID;
    private static final int ADDR = CacheInvalidateInfo.ADDR;
    private static final int DATA = CarrierLayout.DATA;

    private static Bytes pages(int cache, int pasid, long address, long granule, long count) {
        return GuestSetup.invalidation(cache, ADDR, pasid)
                .with(DATA, CacheInvalidateInfo.ADDRESS, address)
                .with(DATA, CacheInvalidateInfo.GRANULE_SIZE, granule)
                .with(DATA, CacheInvalidateInfo.NB_GRANULES, count);
    }

    /** What is consumed, but waits, which begin a device's share. */
    private static List<Consumed> consumed(GuestSetup s, Bytes request) {
        s.machine.consumed.clear();
        assertThat(s.invalidate(request)).isZero();
        return s.machine.consumed.stream()
                .filter(c -> !c.name().equals("WAIT") && !c.name().equals("SYNC"))
                .toList();
    }

    private static void assertNames(List<Consumed> consumed, String... names) {
        assertThat(consumed).extracting(Consumed::name).containsExactly(names);
    }

    @Test
    @DisplayName("Case 26: no PASID")
    void shouldAcceptTheWholeGuestWithoutAnyPasid() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int d = s.container.memory().id();

            List<Consumed> iotlb = consumed(
                    s,
                    GuestSetup.invalidation(IOTLB, DOMAIN)
                            .with(DATA, CacheInvalidateInfo.ARGSZ, 16)
                            .cut(24));
            List<Consumed> pasids = consumed(s, GuestSetup.invalidation(PASID_CACHE, DOMAIN));

            assertNames(iotlb, "IOTLB", "IOTLB");
            assertThat(Descriptor.G.getInt(iotlb.get(0).word0())).isEqualTo(2);
            assertThat(Descriptor.DID.getInt(iotlb.get(0).word0())).isEqualTo(d);
            assertNames(pasids, "PASID_CACHE", "PASID_CACHE");
            assertThat(Descriptor.G.getInt(pasids.get(0).word0())).isZero();
            assertThat(Descriptor.DID.getInt(pasids.get(0).word0())).isEqualTo(d);
        }
    }

    @Test
    void shouldNameTheDomainsOfWhatIsBound() {
        try (GuestSetup s = GuestSetup.vtd()) {
            s.container.detach(s.two.group()).value();
            int memory = s.container.memory().id();
            int pasid = s.bound();
            int nested = Objects.requireNonNull(s.machine.core.attached(s.one, pasid))
                    .id();

            List<Consumed> all = consumed(s, GuestSetup.invalidation(IOTLB, DOMAIN));
            List<Consumed> entries = consumed(s, GuestSetup.invalidation(PASID_CACHE, DOMAIN));
            List<Consumed> one = consumed(s, GuestSetup.invalidation(IOTLB | PASID_CACHE, PASID, pasid));
            List<Consumed> page = consumed(s, pages(IOTLB, pasid, 0, 0x1000, 1));

            assertThat(all).extracting(c -> Descriptor.DID.getInt(c.word0())).containsExactly(memory, nested);
            assertThat(entries)
                    .extracting(c -> Descriptor.DID.getInt(c.word0()))
                    .containsExactly(memory, nested);
            assertNames(one, "PASID_IOTLB", "PASID_DEVICE_TLB", "PASID_CACHE");
            assertThat(Descriptor.DID.getInt(one.get(0).word0())).isEqualTo(nested);
            assertThat(Descriptor.DID.getInt(one.get(2).word0())).isEqualTo(nested);
            assertThat(Descriptor.DID.getInt(page.get(0).word0())).isEqualTo(nested);
        }
    }

    @Test
    void shouldInvalidateAPasidAndItsAtcs() {
        try (GuestSetup s = GuestSetup.vtd()) {
            List<Consumed> sent = consumed(s, GuestSetup.invalidation(IOTLB, PASID, 77));

            assertNames(sent, "PASID_IOTLB", "PASID_DEVICE_TLB", "PASID_IOTLB", "PASID_DEVICE_TLB");
            assertThat(Descriptor.G.getInt(sent.get(0).word0())).isEqualTo(2);
            assertThat(Descriptor.PASID.getInt(sent.get(0).word0())).isEqualTo(77);
            assertThat(Descriptor.DID.getInt(sent.get(0).word0()))
                    .isEqualTo(s.container.memory().id());
            assertThat(Descriptor.RID.getInt(sent.get(1).word0())).isEqualTo(0x10);
            assertThat(Descriptor.RID.getInt(sent.get(3).word0())).isEqualTo(0x18);
            assertThat(Descriptor.PASID.getInt(sent.get(1).word0())).isEqualTo(77);
            // S, and ones below bit 63: everything.
            assertThat(sent.get(1).word1() >>> 11).isEqualTo(0x000F_FFFF_FFFF_FFFFL);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // address, granule, count, leaf, AM, first
        "0x5000, 0x1000, 1, 1, 0, 0x5000",
        "0x5000, 0x1000, 1, 0, 0, 0x5000",
        "0x8000, 0x1000, 8, 1, 3, 0x8000",
        "0x200000, 0x200000, 1, 1, 9, 0x200000",
        "0x5000, 0x1000, 2, 1, 2, 0x4000",
        "0x8234, 0x1000, 1, 1, 1, 0x8000",
        "0x40000000, 0x40000000, 1, 0, 18, 0x40000000"
    })
    void shouldInvalidatePagesOfAPasid(String at, String granule, long count, int leaf, int am, String first) {
        try (GuestSetup s = GuestSetup.vtd()) {
            Bytes request = pages(IOTLB, 77, Long.decode(at), Long.decode(granule), count)
                    .with(
                            DATA,
                            CacheInvalidateInfo.INFO_FLAGS,
                            CacheInvalidateInfo.FLAG_PASID | (leaf == 0 ? 0 : CacheInvalidateInfo.FLAG_LEAF));

            List<Consumed> sent = consumed(s, request);

            assertNames(sent, "PASID_IOTLB", "PASID_DEVICE_TLB", "PASID_IOTLB", "PASID_DEVICE_TLB");
            long word1 = sent.get(0).word1();
            assertThat(Descriptor.G.getInt(sent.get(0).word0())).isEqualTo(3);
            assertThat(word1 & 0x3F).isEqualTo(am);
            assertThat(word1 >>> 6 & 1).isEqualTo(leaf);
            assertThat(word1 & -0x1000L).isEqualTo(Long.decode(first));
            long device = sent.get(1).word1();
            assertThat(device >>> 11 & 1).isEqualTo(am == 0 ? 0 : 1);
            // Ones below the size, of which the highest bit is zero.
            long span = am == 0 ? 0 : (1L << am + 11) - 1 & -0x1000L;
            assertThat(device & -0x1000L).isEqualTo(Long.decode(first) | span);
        }
    }

    @Test
    void shouldInvalidateAllOfAPasidWhereARangeIsTooLarge() {
        try (GuestSetup s = GuestSetup.vtd()) {
            List<Consumed> sent = consumed(s, pages(IOTLB, 77, 0x7FFF_FFFF_FFFF_F000L, 0x1000, 2));

            assertThat(Descriptor.G.getInt(sent.get(0).word0())).isEqualTo(2);
            assertThat(sent.get(1).word1() >>> 11).isEqualTo(0x000F_FFFF_FFFF_FFFFL);
        }
    }

    @Test
    void shouldMeanNoPasidWhereAddressesAreGivenAlone() {
        try (GuestSetup s = GuestSetup.vtd()) {
            List<Consumed> sent =
                    consumed(s, pages(IOTLB, 77, 0x5000, 0x1000, 1).with(DATA, CacheInvalidateInfo.INFO_FLAGS, 0));

            assertNames(sent, "PASID_IOTLB", "DEVICE_TLB", "PASID_IOTLB", "DEVICE_TLB");
            assertThat(Descriptor.PASID.getInt(sent.get(0).word0())).isZero();
        }
    }

    @Test
    void shouldSendToAtcsAlone() {
        try (GuestSetup s = GuestSetup.vtd()) {
            assertNames(
                    consumed(s, GuestSetup.invalidation(DEV_IOTLB, PASID, 77)), "PASID_DEVICE_TLB", "PASID_DEVICE_TLB");
            assertNames(consumed(s, pages(DEV_IOTLB, 77, 0x5000, 0x1000, 1)), "PASID_DEVICE_TLB", "PASID_DEVICE_TLB");
        }
    }

    @Test
    void shouldInvalidatePasidEntries() {
        try (GuestSetup s = GuestSetup.vtd()) {
            List<Consumed> sent = consumed(s, GuestSetup.invalidation(PASID_CACHE, PASID, 77));

            assertNames(sent, "PASID_CACHE", "PASID_CACHE");
            assertThat(Descriptor.G.getInt(sent.get(0).word0())).isOne();
            assertThat(Descriptor.PASID.getInt(sent.get(0).word0())).isEqualTo(77);
        }
    }

    @Test
    void shouldInvalidateSeveralCachesByTheirOrder() {
        try (GuestSetup s = GuestSetup.vtd()) {
            s.container.detach(s.two.group()).value();

            assertNames(
                    consumed(s, GuestSetup.invalidation(IOTLB | DEV_IOTLB | PASID_CACHE, PASID, 77)),
                    "PASID_IOTLB",
                    "PASID_DEVICE_TLB",
                    "PASID_DEVICE_TLB",
                    "PASID_CACHE");
            assertNames(consumed(s, GuestSetup.invalidation(0, DOMAIN)));
        }
    }

    @Test
    void shouldSendNothingToDevicesWithoutAts() {
        try (GuestSetup s = GuestSetup.vtd()) {
            s.machine.core.disableSva(s.one);
            s.machine.core.disableSva(s.two);

            assertNames(consumed(s, GuestSetup.invalidation(IOTLB, PASID, 77)), "PASID_IOTLB", "PASID_IOTLB");
            assertNames(consumed(s, GuestSetup.invalidation(DEV_IOTLB, PASID, 77)));
        }
    }

    /** By cache (1, 2, 4), then by granularity: 1 where there is such an invalidation. */
    @ParameterizedTest
    @CsvSource({"UAPI, 111, 011, 110", "VTD, 011, 011, 110", "LINUX_5_10, 011, 001, 000"})
    void shouldKeepToItsPolicy(InvalidationPolicy policy, String iotlb, String device, String pasid) {
        try (GuestSetup s = GuestSetup.vtd(GuestOptions.STANDARD.with(policy))) {
            String[] rows = {iotlb, device, pasid};
            for (int cache = 0; cache < 3; cache++) {
                for (int granularity = 0; granularity < 3; granularity++) {
                    s.machine.consumed.clear();
                    Bytes request = pages(1 << cache, 77, 0, 0x1000, 1)
                            .with(DATA, CacheInvalidateInfo.GRANULARITY, granularity);

                    long returned = s.invalidate(request);

                    boolean supported = rows[cache].charAt(granularity) == '1';
                    assertThat(returned).isEqualTo(supported ? 0 : Errno.EINVAL.returned());
                    assertThat(s.machine.consumed.isEmpty()).isEqualTo(!supported);
                }
            }
        }
    }

    private static Arguments bad(String what, UnaryOperator<Bytes> change) {
        return Arguments.of(what, change);
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                bad("carrier's flags", b -> b.with(CarrierLayout.FLAGS, 1)),
                bad("carrier's argsz", b -> b.with(CarrierLayout.ARGSZ, 23)),
                bad("carrier's argsz less than the data's", b -> b.with(CarrierLayout.ARGSZ, 63)),
                bad("argsz 15", b -> b.with(DATA, CacheInvalidateInfo.ARGSZ, 15)),
                bad("argsz without addresses", b -> b.with(DATA, CacheInvalidateInfo.ARGSZ, 55)),
                bad("version 0", b -> b.with(DATA, CacheInvalidateInfo.VERSION, 0)),
                bad("version 2", b -> b.with(DATA, CacheInvalidateInfo.VERSION, 2)),
                bad("cache 8", b -> b.with(DATA, CacheInvalidateInfo.CACHE, 8)),
                bad("cache 0x81", b -> b.with(DATA, CacheInvalidateInfo.CACHE, 0x81)),
                bad("granularity 3", b -> b.with(DATA, CacheInvalidateInfo.GRANULARITY, 3)),
                bad("granularity 255", b -> b.with(DATA, CacheInvalidateInfo.GRANULARITY, 255)),
                bad("addresses of PASID entries", b -> b.with(DATA, CacheInvalidateInfo.CACHE, IOTLB | PASID_CACHE)),
                bad(
                        "the whole guest of ATCs",
                        b -> b.with(DATA, CacheInvalidateInfo.CACHE, IOTLB | DEV_IOTLB)
                                .with(DATA, CacheInvalidateInfo.GRANULARITY, DOMAIN)),
                bad("flag 8", b -> b.with(DATA, CacheInvalidateInfo.INFO_FLAGS, 9)),
                bad(
                        "leaves of a PASID",
                        b -> b.with(DATA, CacheInvalidateInfo.INFO_FLAGS, 5)
                                .with(DATA, CacheInvalidateInfo.GRANULARITY, PASID)),
                bad(
                        "a PASID without any",
                        b -> b.with(DATA, CacheInvalidateInfo.INFO_FLAGS, 0)
                                .with(DATA, CacheInvalidateInfo.GRANULARITY, PASID)),
                bad("padding[0]", b -> b.with(DATA, CacheInvalidateInfo.PADDING_LOW, 1)),
                bad("padding[5]", b -> b.with(DATA, CacheInvalidateInfo.PADDING_HIGH, 1 << 31)),
                bad("PASID 0", b -> b.with(DATA, CacheInvalidateInfo.INFO_PASID, 0)),
                bad("PASID 2^20", b -> b.with(DATA, CacheInvalidateInfo.INFO_PASID, 1 << 20)),
                bad("PASID 2^32 + 77", b -> b.with(DATA, CacheInvalidateInfo.INFO_PASID, 1L << 32 | 77)),
                bad("no granules", b -> b.with(DATA, CacheInvalidateInfo.NB_GRANULES, 0)),
                bad("granules of 2048", b -> b.with(DATA, CacheInvalidateInfo.GRANULE_SIZE, 2048)),
                bad("granules of 12288", b -> b.with(DATA, CacheInvalidateInfo.GRANULE_SIZE, 12288)),
                bad("2^52 granules", b -> b.with(DATA, CacheInvalidateInfo.NB_GRANULES, 1L << 52)),
                bad(
                        "beyond 2^64",
                        b -> b.with(DATA, CacheInvalidateInfo.ADDRESS, -0x1000)
                                .with(DATA, CacheInvalidateInfo.NB_GRANULES, 2)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("invalid")
    @DisplayName("Case 26: refused")
    void shouldRefuse(String what, UnaryOperator<Bytes> change) {
        try (GuestSetup s = GuestSetup.vtd()) {
            assertThat(s.invalidate(pages(IOTLB, 77, 0x5000, 0x1000, 1))).isZero();
            s.machine.consumed.clear();

            assertThat(s.invalidate(change.apply(pages(IOTLB, 77, 0x5000, 0x1000, 1))))
                    .isEqualTo(Errno.EINVAL.returned());

            assertThat(s.machine.consumed).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, 23, 24, 63})
    void shouldFaultWhereTheCallersMemoryEnds(int bytes) {
        try (GuestSetup s = GuestSetup.vtd()) {
            s.machine.consumed.clear();

            assertThat(s.invalidate(pages(IOTLB, 77, 0x5000, 0x1000, 1).cut(bytes)))
                    .isEqualTo(Errno.EFAULT.returned());
            assertThat(s.call(GuestRequests.CACHE_INVALIDATE, UserBuffer.NULL)).isEqualTo(Errno.EFAULT.returned());

            assertThat(s.machine.consumed).isEmpty();
        }
    }

    @Test
    void shouldNeedDevicesAndNesting() {
        try (GuestSetup s = GuestSetup.vtd()) {
            CacheInvalidation all = CacheInvalidation.all(Cache.TRANSLATIONS);
            GuestContainer empty =
                    s.containers.open(s.caller, GuestOptions.STANDARD).value();
            GuestContainer plain = s.containers
                    .open(s.caller, GuestOptions.STANDARD.withoutNesting())
                    .value();
            plain.attach(s.machine.device(0x20).group()).value();

            assertThat(empty.invalidate(all).errno()).isEqualTo(Errno.EINVAL);
            assertThat(plain.invalidate(all).errno()).isEqualTo(Errno.EINVAL);
            assertThat(s.call(GuestRequests.CACHE_INVALIDATE + 1, UserBuffer.NULL))
                    .isEqualTo(Errno.ENOTTY.returned());
        }
    }

    @Test
    void shouldSendAnSmmuWhatItsGuestsAsidsAndPasidsName() {
        try (GuestSetup s = new GuestSetup(ControlledMachine.smmuv3(), GuestOptions.STANDARD)) {
            s.container.detach(s.two.group()).value();
            int vmid = s.container.memory().id();
            UnaryOperator<Bytes> asid =
                    b -> b.with(DATA, CacheInvalidateInfo.INFO_FLAGS, 3).with(DATA, CacheInvalidateInfo.ARCHID, 0x1234);

            List<Consumed> all = consumed(s, GuestSetup.invalidation(IOTLB, DOMAIN));
            List<Consumed> one = consumed(s, asid.apply(GuestSetup.invalidation(IOTLB, PASID, 77)));
            List<Consumed> page = consumed(s, asid.apply(pages(IOTLB, 77, 0x5000, 0x1000, 1)));
            List<Consumed> contexts = consumed(s, GuestSetup.invalidation(PASID_CACHE, DOMAIN));
            List<Consumed> context = consumed(s, GuestSetup.invalidation(PASID_CACHE, PASID, 77));

            assertNames(all, "TLBI_NH_ALL");
            assertNames(one, "TLBI_NH_ASID", "ATC_INV");
            assertThat(Command.VMID.getInt(one.get(0).word0())).isEqualTo(vmid);
            assertThat(Command.ASID.getInt(one.get(0).word0())).isEqualTo(0x1234);
            assertThat(Command.SSID.getInt(one.get(1).word0())).isEqualTo(77);
            assertNames(page, "TLBI_NH_VA", "ATC_INV");
            assertThat(page.get(0).word1() & -0x1000).isEqualTo(0x5000);
            assertNames(contexts, "CFGI_CD_ALL");
            assertNames(context, "CFGI_CD");
            assertThat(Command.SSID.getInt(context.get(0).word0())).isEqualTo(77);
            assertThat(s.invalidate(GuestSetup.invalidation(IOTLB, PASID, 77))).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.invalidate(pages(IOTLB, 77, 0, 0x1000, 1))).isEqualTo(Errno.EINVAL.returned());
            assertThat(s.invalidate(asid.apply(GuestSetup.invalidation(IOTLB, PASID, 77))
                            .with(DATA, CacheInvalidateInfo.ARCHID, 1 << 16)))
                    .isEqualTo(Errno.EINVAL.returned());
            assertThat(s.invalidate(asid.apply(pages(IOTLB, 77, 0, 1L << 40, 1L << 22))))
                    .isZero();
        }
    }
}
