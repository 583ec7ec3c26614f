// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who may attach to whom. */
class CallerTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final ProcessTable processes = machine.processes;
    private final Process target = processes.start(Credentials.user(1000));

    @AfterEach
    void close() {
        machine.close();
    }

    private static Result<Done> attach(Process caller, Process to) {
        return new Caller(caller).mayAttach(to);
    }

    @Test
    void shouldLetTheSameUserAttach() {
        assertThat(attach(processes.start(Credentials.user(1000)), target).isOk())
                .isTrue();
    }

    @Test
    void shouldRefuseOthers() {
        assertThat(attach(processes.start(Credentials.user(1001)), target).errno())
                .isEqualTo(Errno.EACCES);
        assertThat(attach(target, processes.start(Credentials.ROOT)).errno()).isEqualTo(Errno.EACCES);
        assertThat(attach(target, processes.startThread()).errno()).isEqualTo(Errno.EACCES);
    }

    @Test
    void shouldCompareTheCallersRealIdsWithAllOfTheTargets() {
        Credentials pretending = new Credentials(1001, 1000, 1000, 1000, 1000, 1000, false);

        assertThat(attach(processes.start(pretending), target).errno()).isEqualTo(Errno.EACCES);
        for (int i = 0; i < 6; i++) {
            int[] ids = {1000, 1000, 1000, 1000, 1000, 1000};
            ids[i] = 0;
            Process other = processes.start(new Credentials(ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], false));
            assertThat(attach(target, other).errno()).as("id %d", i).isEqualTo(Errno.EACCES);
        }
    }

    @Test
    void shouldLetThoseAttachWhoMayTraceAnybody() {
        Process debugger = processes.start(new Credentials(1001, 1001, 1001, 1001, 1001, 1001, true));
        memoryOf(target).dumpable(false);

        assertThat(attach(debugger, target).isOk()).isTrue();
        assertThat(attach(debugger, processes.startThread()).isOk()).isTrue();
    }

    @Test
    void shouldRefuseTheSameUserWhatIsNotDumpable() {
        Process same = processes.start(Credentials.user(1000));
        memoryOf(target).dumpable(false);
        Process child = processes.fork(target).value();

        assertThat(attach(same, target).errno()).isEqualTo(Errno.EACCES);
        assertThat(attach(same, child).errno()).isEqualTo(Errno.EACCES);
        processes.exec(child);
        assertThat(attach(same, child).isOk()).isTrue();
    }

    @Test
    void shouldMakeAProcessUndumpableThatChangesItsUser() {
        Process daemon = processes.start(Credentials.ROOT);

        daemon.credentials(Credentials.user(1000));

        assertThat(daemon.credentials().uid()).isEqualTo(1000);
        assertThat(attach(target, daemon).errno()).isEqualTo(Errno.EACCES);
        memoryOf(daemon).dumpable(true);
        assertThat(attach(target, daemon).isOk()).isTrue();
    }

    @Test
    void shouldLetThreadsAttachToTheirOwnProcessAlways() {
        Process thread = processes.startThread(target).value();
        memoryOf(target).dumpable(false);
        processes.securityModule((caller, to) -> false);

        assertThat(attach(thread, target).isOk()).isTrue();
        assertThat(attach(target, thread).isOk()).isTrue();
        assertThat(attach(target, target).isOk()).isTrue();
    }

    @Test
    void shouldLetASecurityModuleForbidIt() {
        Process same = processes.start(Credentials.user(1000));
        processes.securityModule((caller, to) -> to != target);

        assertThat(attach(same, target).errno()).isEqualTo(Errno.EPERM);
        assertThat(attach(target, same).isOk()).isTrue();
        assertThat(attach(processes.start(Credentials.user(5)), target).errno()).isEqualTo(Errno.EACCES);
    }
}
