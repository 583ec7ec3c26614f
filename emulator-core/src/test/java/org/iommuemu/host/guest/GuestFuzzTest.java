// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.guest.spec.PasidRequestLayout;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random calls of two monitors: none throws, and those that fail change nothing. */
class GuestFuzzTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int CALLS = 100_000;
    private static final int IMAGE_EVERY = 1000;
    private static final long SEED = 0x5EED_2020;
    private static final List<StructureField> CARRIER = List.of(CarrierLayout.ARGSZ, CarrierLayout.FLAGS);
    private static final List<StructureField> PASID =
            List.of(PasidRequestLayout.ARGSZ, PasidRequestLayout.FLAGS, PasidRequestLayout.MIN, PasidRequestLayout.MAX);
    private static final List<StructureField> BIND = List.of(
            GpasidBindData.ARGSZ,
            GpasidBindData.VERSION,
            GpasidBindData.FORMAT,
            GpasidBindData.ADDR_WIDTH,
            GpasidBindData.BIND_FLAGS,
            GpasidBindData.GPGD,
            GpasidBindData.HPASID,
            GpasidBindData.GPASID,
            GpasidBindData.PADDING,
            GpasidBindData.VTD_FLAGS,
            GpasidBindData.VTD_PAT);
    private static final List<StructureField> INVALIDATE = List.of(
            CacheInvalidateInfo.ARGSZ,
            CacheInvalidateInfo.VERSION,
            CacheInvalidateInfo.CACHE,
            CacheInvalidateInfo.GRANULARITY,
            CacheInvalidateInfo.PADDING_LOW,
            CacheInvalidateInfo.INFO_FLAGS,
            CacheInvalidateInfo.ARCHID,
            CacheInvalidateInfo.INFO_PASID,
            CacheInvalidateInfo.ADDRESS,
            CacheInvalidateInfo.GRANULE_SIZE,
            CacheInvalidateInfo.NB_GRANULES);

    private RandomBytes random;
    private long root;

    /** A request, its number first. */
    private record Call(int request, UserBuffer argument) {}

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldNeverThrowNorChangeAnythingWhenACallFails(Maker maker) {
        random = new RandomBytes(new RandomStream(SEED));
        GuestOptions options = GuestOptions.STANDARD.with(PasidDialect.UNION);
        try (GuestSetup s = new GuestSetup(maker.make(), options)) {
            Caller other = new Caller(s.machine.processes.start(Credentials.user(1001)));
            GuestContainer second =
                    s.containers.open(other, GuestOptions.STANDARD).value();
            second.attach(s.machine.device(0x20).group()).value();
            EmulatedGuest.Tables tables = s.guest.tables();
            tables.map(GuestSetup.AT, GuestSetup.PAGE);
            root = tables.root();
            String empty = s.machine.tables();
            int good = 0;
            int bad = 0;

            for (int i = 0; i < CALLS; i++) {
                GuestContainer c = random.oneIn(2) ? s.container : second;
                Call call = call();
                int allocated = s.machine.core.pasids().allocated();
                int bound = s.container.bound() + second.bound();
                int consumed = s.machine.consumed.size();
                String image = i % IMAGE_EVERY == 0 ? s.machine.image() : "";

                long returned = c.ioctl(c == second ? other : s.caller, call.request, call.argument);

                if (returned >= 0) {
                    good++;
                    s.machine.consumed.clear();
                    continue;
                }
                bad++;
                // What is freed again without having been seen by a device counts as nothing.
                assertThat(s.machine.core.pasids().allocated()).as("call %d", i).isEqualTo(allocated);
                assertThat(s.container.bound() + second.bound())
                        .as("call %d", i)
                        .isEqualTo(bound);
                assertThat(s.machine.consumed).as("call %d", i).hasSize(consumed);
                assertThat(image.isEmpty() ? "" : s.machine.image())
                        .as("call %d", i)
                        .isEqualTo(image);
            }

            assertThat(good).isGreaterThan(CALLS / 20);
            assertThat(bad).isGreaterThan(CALLS / 20);
            s.machine.processes.exit(other.process());
            s.machine.processes.exit(s.monitor);
            second.get();
            second.put();
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(empty).isNotEmpty();
            assertThat(s.machine.driver.domainsInUse()).isZero();
        }
    }

    private Call call() {
        return switch (random.below(3)) {
            case 0 -> {
                Bytes b = GuestSetup.pasids(1 + random.below(2), random.below(40), random.below(60));
                random.spoil(b, 0, PASID);
                yield new Call(GuestRequests.PASID_REQUEST, random.buffer(b, PasidRequestLayout.UNION_BYTES));
            }
            case 1 -> {
                Bytes b = GuestSetup.bind(1 + random.below(2), random.below(60), root);
                random.spoil(b, 0, CARRIER);
                random.spoil(b, CarrierLayout.DATA, BIND);
                yield new Call(GuestRequests.BIND, random.buffer(b, CarrierLayout.DATA + GpasidBindData.BYTES));
            }
            default -> {
                Bytes b = GuestSetup.invalidation(random.below(8), random.below(3), 1 + random.below(60))
                        .with(CarrierLayout.DATA, CacheInvalidateInfo.INFO_FLAGS, random.below(4))
                        .with(CarrierLayout.DATA, CacheInvalidateInfo.GRANULE_SIZE, 1L << 12 + random.below(19))
                        .with(CarrierLayout.DATA, CacheInvalidateInfo.NB_GRANULES, 1L + random.below(600));
                random.spoil(b, 0, CARRIER);
                random.spoil(b, CarrierLayout.DATA, INVALIDATE);
                yield new Call(
                        random.oneIn(100) ? random.below(1 << 16) : GuestRequests.CACHE_INVALIDATE,
                        random.buffer(b, CarrierLayout.DATA + CacheInvalidateInfo.BYTES));
            }
        };
    }
}
