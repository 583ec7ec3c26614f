// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.iommuemu.host.process.ProcessMachine.EXECUTE;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ;
import static org.iommuemu.host.process.ProcessMachine.READ_WRITE;
import static org.iommuemu.host.process.ProcessMachine.WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;
import static org.iommuemu.host.process.ProcessMachine.peek;
import static org.iommuemu.host.process.ProcessMachine.poke;

import java.nio.ByteBuffer;
import java.util.Map;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Regions: map, unmap, protect; and pages that come into being when they are touched. */
class AddressSpaceTest {
    private static final long HIGH = 1L << 46;

    private final ProcessMachine machine = new ProcessMachine();
    private final AddressSpace space = memoryOf(machine.start());

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldTakeNoMemoryBeforeAPageIsTouched() {
        long at = space.map(0, 100 * PAGE, READ_WRITE).value();

        assertThat(machine.frames.inUse()).isZero();
        assertThat(machine.isPresent(space, at)).isFalse();
    }

    @Test
    void shouldBringInZerosEvenIfTheFrameHeldSomething() {
        long at = space.map(0, PAGE, READ_WRITE).value();
        poke(space, at, 0x55);
        long frame = space.tables().physical(at);
        space.unmap(at, PAGE);

        long again = space.map(0, PAGE, READ_WRITE).value();

        assertThat(peek(space, again)).isZero();
        assertThat(space.tables().physical(again)).isEqualTo(frame);
    }

    @Test
    void shouldHoldWhatWasWrittenAcrossPages() {
        long at = space.map(0, 3 * PAGE, READ_WRITE).value();
        byte[] data = new byte[5000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 7);
        }
        ByteBuffer read = ByteBuffer.allocate(data.length);

        assertThat(space.write(at + 3000, ByteBuffer.wrap(data))).isTrue();
        assertThat(space.read(at + 3000, read)).isTrue();

        assertThat(read.array()).isEqualTo(data);
        assertThat(machine.frames.inUse()).isEqualTo(2);
    }

    @Test
    void shouldPutRegionsAtTheLowestFreePlace() {
        long first = space.map(0, 2 * PAGE, READ).value();
        long second = space.map(0, 3 * PAGE, READ).value();
        long third = space.map(0, PAGE, READ).value();
        space.unmap(second, 3 * PAGE);

        assertThat(second).isEqualTo(first + 2 * PAGE);
        assertThat(third).isEqualTo(second + 3 * PAGE);
        assertThat(space.map(0, 4 * PAGE, READ).value()).isEqualTo(third + PAGE);
        assertThat(space.map(0, 3 * PAGE, READ).value()).isEqualTo(second);
    }

    @Test
    void shouldFollowAHintOnlyWhereThereIsRoom() {
        long hinted = space.map(HIGH + 1, PAGE, READ).value();
        long taken = space.map(HIGH, 2 * PAGE, READ).value();

        assertThat(hinted).isEqualTo(HIGH + PAGE);
        assertThat(taken).isEqualTo(space.map(0, PAGE, READ).value() - 2 * PAGE);
        assertThat(space.map(1, PAGE, READ).value()).isEqualTo(0x1_0000);
        assertThat(space.map(-PAGE, PAGE, READ).value()).isLessThan(HIGH);
    }

    @Test
    void shouldRefuseMappingsOfNothingAndOfTooMuch() {
        assertThat(space.map(0, 0, READ).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.map(0, PAGE, 8).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.map(0, -1, READ).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.map(0, Long.MAX_VALUE, READ).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.map(0, 1L << 47, READ).errno()).isEqualTo(Errno.ENOMEM);
    }

    @Test
    void shouldFindRoomBelowOnceThereIsNoneAbove() {
        long top = (1L << 47) - 0x4000_0000;

        assertThat(space.map(0, top, READ).value()).isEqualTo(0x4000_0000);
        assertThat(space.map(0, PAGE, READ).value()).isEqualTo(0x1_0000);
        assertThat(space.map(0, 0x4000_0000, READ).errno()).isEqualTo(Errno.ENOMEM);
    }

    @Test
    void shouldLetAccessesFaultThatRegionsDoNotAllow() {
        long readable = space.map(0, PAGE, READ).value();
        long nothing = space.map(0, PAGE, 0).value();

        assertThat(space.fault(readable, WRITE).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.fault(readable, EXECUTE).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.fault(nothing, READ).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.fault(nothing + PAGE, READ).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.fault(0, READ).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.fault(-1, READ).errno()).isEqualTo(Errno.EFAULT);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldTakePrivilegedAccessesForTheUsers() {
        long at = space.map(0, PAGE, READ).value();

        assertThat(space.fault(at, READ | IommuDriver.PRIVILEGED).isOk()).isTrue();
        assertThat(space.fault(at, WRITE | IommuDriver.PRIVILEGED).errno()).isEqualTo(Errno.EFAULT);
    }

    @Test
    void shouldKeepBothEndsOfARegionThatLosesItsMiddle() {
        long at = space.map(0, 5 * PAGE, READ_WRITE).value();
        for (int i = 0; i < 5; i++) {
            poke(space, at + i * PAGE, 10 + i);
        }

        assertThat(space.unmap(at + PAGE, 3 * PAGE).isOk()).isTrue();

        assertThat(peek(space, at)).isEqualTo(10);
        assertThat(peek(space, at + PAGE)).isEqualTo(-1);
        assertThat(peek(space, at + 3 * PAGE)).isEqualTo(-1);
        assertThat(peek(space, at + 4 * PAGE)).isEqualTo(14);
        assertThat(machine.frames.inUse()).isEqualTo(2);
    }

    @Test
    void shouldUnmapAcrossRegionsAndHoles() {
        long at = space.map(0, 9 * PAGE, READ_WRITE).value();
        space.unmap(at + 3 * PAGE, 3 * PAGE);
        poke(space, at + 2 * PAGE, 1);
        poke(space, at + 6 * PAGE, 2);

        assertThat(space.unmap(at + PAGE, 6 * PAGE).isOk()).isTrue();

        assertThat(machine.frames.inUse()).isZero();
        assertThat(space.fault(at, READ).isOk()).isTrue();
        assertThat(space.fault(at + 7 * PAGE, READ).isOk()).isTrue();
        assertThat(space.fault(at + 6 * PAGE, READ).errno()).isEqualTo(Errno.EFAULT);
    }

    @Test
    void shouldUnmapNothingWithSuccessButNoBadRanges() {
        assertThat(space.unmap(0, PAGE).isOk()).isTrue();
        assertThat(space.unmap(1, PAGE).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.unmap(PAGE, 0).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.unmap(PAGE, -PAGE).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.unmap(-PAGE, PAGE).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.unmap((1L << 47) - PAGE, 2 * PAGE).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.unmap(PAGE, Long.MAX_VALUE).errno()).isEqualTo(Errno.EINVAL);
    }

    @Test
    void shouldProtectTheMiddleOfARegionAlone() {
        long at = space.map(0, 3 * PAGE, READ_WRITE).value();
        for (int i = 0; i < 3; i++) {
            poke(space, at + i * PAGE, 20 + i);
        }

        assertThat(space.protect(at + PAGE, PAGE, READ).isOk()).isTrue();

        assertThat(poke(space, at, 1)).isTrue();
        assertThat(poke(space, at + PAGE, 1)).isFalse();
        assertThat(poke(space, at + 2 * PAGE, 1)).isTrue();
        assertThat(peek(space, at + PAGE)).isEqualTo(21);
        assertThat(machine.isWritable(space, at)).isTrue();
        assertThat(machine.isWritable(space, at + PAGE)).isFalse();
    }

    @Test
    void shouldKeepWhatAPageHoldsThatNobodyMayAccess() {
        long at = space.map(0, PAGE, READ_WRITE).value();
        poke(space, at, 0x77);

        space.protect(at, PAGE, 0);
        boolean present = machine.isPresent(space, at);
        int hidden = peek(space, at);
        space.protect(at, PAGE, READ);

        assertThat(present).isFalse();
        assertThat(hidden).isEqualTo(-1);
        assertThat(peek(space, at)).isEqualTo(0x77);
    }

    @Test
    void shouldProtectAllOfARangeOrNothing() {
        long at = space.map(0, 3 * PAGE, READ_WRITE).value();
        space.unmap(at + PAGE, PAGE);
        poke(space, at, 1);
        Map<Long, ByteBuffer> before = machine.tableBytes();

        assertThat(space.protect(at, 3 * PAGE, READ).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.protect(at, -PAGE, READ).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.protect(at + 1, PAGE, READ).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.protect(at, PAGE, 16).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.protect(at + PAGE, 0, READ).isOk()).isTrue();

        assertThat(machine.tableBytes()).isEqualTo(before);
        assertThat(poke(space, at, 2)).isTrue();
    }

    @Test
    void shouldStopAtTheFirstByteThatFaults() {
        long at = space.map(0, PAGE, READ_WRITE).value();
        ByteBuffer into = ByteBuffer.allocate(4);

        assertThat(space.write(at + PAGE - 2, ProcessMachine.bytes(1, 2, 3, 4))).isFalse();
        assertThat(space.read(at + PAGE - 2, into)).isFalse();

        assertThat(into.position()).isEqualTo(2);
        assertThat(into.get(0)).isEqualTo((byte) 1);
        assertThat(into.get(1)).isEqualTo((byte) 2);
    }

    @Test
    void shouldHaveBuffersThatFaultWhereMemoryDoes() {
        long at = space.map(0, PAGE, READ_WRITE).value();
        UserBuffer buffer = space.buffer(at);
        ByteBuffer into = ByteBuffer.allocate(2);

        assertThat(buffer.write(8, ProcessMachine.bytes(5, 6))).isTrue();
        assertThat(buffer.read(8, into)).isTrue();
        assertThat(buffer.read(PAGE - 1, ByteBuffer.allocate(2))).isFalse();
        assertThat(space.buffer(0).read(0, ByteBuffer.allocate(1))).isFalse();
        assertThat(space.buffer(-8).read(0, ByteBuffer.allocate(16))).isFalse();

        assertThat(into.array()).containsExactly(5, 6);
        assertThat(peek(space, at + 9)).isEqualTo(6);
    }

    @Test
    void shouldFailWithoutMemoryAndRecoverOnceThereIsSome() {
        long at = space.map(0, 3 * PAGE, READ_WRITE).value();
        machine.frames.limit(1);
        poke(space, at, 1);

        assertThat(space.fault(at + PAGE, READ).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.fault(at, READ).isOk()).isTrue();
        assertThat(space.unmap(at, PAGE).isOk()).isTrue();
        assertThat(space.fault(at + PAGE, READ).isOk()).isTrue();
    }

    @Test
    void shouldHaveNoMoreRegionsThanLinux() {
        long at = space.map(0, 2 * 65_530 * PAGE, READ).value();
        for (int i = 0; i < 65_529; i++) {
            assertThat(space.unmap(at + (2 * i + 1) * PAGE, PAGE).isOk()).isTrue();
        }

        assertThat(space.map(0, PAGE, READ).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.protect(at + 65_529 * 2 * PAGE, PAGE, WRITE).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.unmap(at, PAGE).isOk()).isTrue();
        assertThat(space.map(0, PAGE, READ).isOk()).isTrue();
    }

    @Test
    void shouldCountAsOneWhatCouldBeOneRegion() {
        long at = space.map(0, 70_000 * PAGE, READ_WRITE).value();
        for (int i = 0; i < 70_000; i++) {
            assertThat(space.protect(at + i * PAGE, PAGE, READ).isOk()).isTrue();
        }
        for (int i = 0; i < 70_000; i += 2) {
            space.protect(at + i * PAGE, PAGE, READ_WRITE);
            assertThat(space.protect(at + i * PAGE, PAGE, READ).isOk()).isTrue();
        }
        for (int i = 0; i < 70_000; i++) {
            assertThat(space.map(0, PAGE, READ).isOk()).isTrue();
        }
    }

    @Test
    void shouldKeepSharedMemoryThatIsSplitAndJoined() {
        long at = space.mapShared(0, 3 * PAGE, READ_WRITE).value();
        poke(space, at, 1);
        poke(space, at + 2 * PAGE, 3);

        space.protect(at + PAGE, PAGE, READ);
        space.protect(at + PAGE, PAGE, READ_WRITE);
        space.unmap(at, PAGE);
        int seen = peek(space, at + 2 * PAGE);
        int kept = machine.frames.inUse();
        space.unmap(at, 3 * PAGE);

        assertThat(seen).isEqualTo(3);
        assertThat(kept).isEqualTo(2);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldNotJoinWhatOnlyLiesSideBySide() {
        long first = space.mapShared(0, PAGE, READ_WRITE).value();
        long second = space.mapShared(0, PAGE, READ_WRITE).value();
        poke(space, first, 1);
        poke(space, second, 2);

        space.unmap(first, PAGE);
        int kept = machine.frames.inUse();
        int seen = peek(space, second);

        assertThat(second).isEqualTo(first + PAGE);
        assertThat(kept).isEqualTo(1);
        assertThat(seen).isEqualTo(2);
    }

    @Test
    void shouldKeepThePasidThatItWasGiven() {
        assertThat(space.pasid()).isEqualTo(AddressSpace.INVALID_PASID);

        space.pasid(5);

        assertThat(space.pasid()).isEqualTo(5);
        assertThatThrownBy(() -> space.pasid(6)).isInstanceOf(IllegalStateException.class);
    }
}
