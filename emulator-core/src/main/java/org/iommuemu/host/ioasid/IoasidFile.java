// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.ioasid.spec.BindPgtblLayout;
import org.iommuemu.host.ioasid.spec.IoasidLayout;
import org.iommuemu.host.process.OpenFile;

/** A file that has ioasids. The last of its descriptors that is closed takes all with it: tables, what devices may use, ioasids. */
public abstract class IoasidFile extends OpenFile {
    private final IoasidContext context;
    private final FailurePlan failures;

    IoasidFile(IoasidContext context, FailurePlan failures) {
        this.context = context;
        this.failures = failures;
    }

    /** Its ioasids, with its calls without bytes. */
    public final IoasidContext context() {
        return context;
    }

    /** Which ioasid is meant where a call names one. */
    abstract long ioasid(long named);

    final FailurePlan failures() {
        return failures;
    }

    final Result<UserStructure> read(UserBuffer argument, int inputEnd) {
        return Arguments.read(argument, IoasidLayout.BYTES, inputEnd, 0, failures);
    }

    final long bind(UserBuffer argument) {
        int known = BindPgtblLayout.SRE | BindPgtblLayout.EAFE;
        return Arguments.read(argument, BindPgtblLayout.BYTES, BindPgtblLayout.BYTES, known, failures)
                .then(s -> context.bind(ioasid(s.get(BindPgtblLayout.IOASID)), table(s)))
                .returned();
    }

    private static GuestTables.FirstStage table(UserStructure s) {
        int flags = s.getInt(BindPgtblLayout.FLAGS);
        return new GuestTables.FirstStage(
                s.get(BindPgtblLayout.PGTBL),
                (flags & BindPgtblLayout.SRE) != 0,
                (flags & BindPgtblLayout.EAFE) != 0,
                false,
                (int) Math.min(s.get(BindPgtblLayout.ADDR_WIDTH), Integer.MAX_VALUE));
    }

    final long unbind(UserBuffer argument) {
        return read(argument, IoasidLayout.BYTES)
                .then(s -> context.unbind(ioasid(s.get(IoasidLayout.IOASID))))
                .returned();
    }

    @Override
    protected final void release() {
        context.release();
    }
}
