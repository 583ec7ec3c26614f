// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** File descriptors. */
class FileTableTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final Process process = machine.start();
    private final FileTable files = process.files();

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldGiveTheLowestFreeDescriptor() {
        int first = files.open(new CountedFile());
        int second = files.open(new CountedFile());
        int third = files.open(new CountedFile());
        files.close(second);

        assertThat(first).isZero();
        assertThat(third).isEqualTo(2);
        assertThat(files.open(new CountedFile())).isEqualTo(1);
        assertThat(files.open(new CountedFile())).isEqualTo(3);
    }

    @Test
    void shouldKnowNoDescriptorThatIsNotOpen() {
        int fd = files.open(new CountedFile());
        files.close(fd);

        assertThat(files.get(fd).errno()).isEqualTo(Errno.EBADF);
        assertThat(files.close(fd).errno()).isEqualTo(Errno.EBADF);
        assertThat(files.dup(fd).errno()).isEqualTo(Errno.EBADF);
        assertThat(files.get(-1).errno()).isEqualTo(Errno.EBADF);
    }

    @Test
    void shouldReleaseAFileWithItsLastDescriptor() {
        CountedFile file = new CountedFile();
        int fd = files.open(file);
        int duplicate = files.dup(fd).value();

        files.close(fd);
        int early = file.released;
        files.close(duplicate);

        assertThat(early).isZero();
        assertThat(file.released).isEqualTo(1);
    }

    @Test
    void shouldKeepAFileThatSomebodyElseHolds() {
        CountedFile file = new CountedFile();
        int fd = files.open(file);
        file.get();

        files.close(fd);
        int early = file.released;
        file.put();

        assertThat(early).isZero();
        assertThat(file.released).isEqualTo(1);
        assertThatThrownBy(file::put).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldCloseLowestFirstAtExit() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            files.open(new CountedFile(() -> order.add(number)));
        }

        machine.processes.exit(process);

        assertThat(order).containsExactly(0, 1, 2);
    }

    @Test
    void shouldNeitherReadNorWriteUnlessAFileSaysHow() {
        OpenFile file = new CountedFile();
        Caller caller = new Caller(process);

        assertThat(file.read(caller, UserBuffer.NULL, 1, 0)).isEqualTo(-22);
        assertThat(file.write(caller, UserBuffer.NULL, 1, 0)).isEqualTo(-22);
    }
}
