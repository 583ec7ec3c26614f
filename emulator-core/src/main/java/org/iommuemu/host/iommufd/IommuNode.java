// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.DmaFault;
import org.iommuemu.host.FaultListener;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.iommufd.spec.EventStructures.VeventqAlloc;
import org.iommuemu.smmuv3.spec.Event;

/** The device node {@code /dev/iommu}: each opening of it has objects of its own. */
public final class IommuNode {
    private static final List<Event> FOR_GUESTS = List.of(
            Event.C_BAD_STE,
            Event.F_STREAM_DISABLED,
            Event.C_BAD_SUBSTREAMID,
            Event.C_BAD_CD,
            Event.F_TRANSLATION,
            Event.F_ADDR_SIZE,
            Event.F_ACCESS,
            Event.F_PERMISSION);

    private final ControlCore core;
    private final List<Iommufd> open = new ArrayList<>();

    /** The node of a machine. */
    public IommuNode(ControlCore core) {
        this.core = core;
    }

    /** Opens it; ENOMEM. */
    public Result<IommufdFile> open() {
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Errno.ENOMEM, "an open /dev/iommu");
        }
        List<IommufdFile> made = new ArrayList<>();
        made.add(new IommufdFile(core, () -> open.remove(made.get(0).iommufd())));
        open.add(made.get(0).iommufd());
        return Result.ok(made.get(0));
    }

    /**
     * Gives guests the events of their devices: those of the first stage, and of its configuration, are told to nobody else
     * (arm_smmu_handle_event).
     *
     * @param others who is told of all others
     * @return what is to be told of faults by {@link IommuDriver#onFault}
     */
    public FaultListener events(FaultListener others) {
        return new FaultListener() {
            @Override
            public void refused(DmaFault fault) {
                others.refused(fault);
            }

            @Override
            public void recorded(DmaFault fault, long[] record) {
                if (!report(fault, record)) {
                    others.recorded(fault, record);
                }
            }

            @Override
            public void overflowed() {
                others.overflowed();
            }
        };
    }

    private boolean report(DmaFault fault, long[] record) {
        boolean isForGuests = record.length == Event.WORDS
                && FOR_GUESTS.contains(Event.of(record[0]))
                && !Event.S2.isSet(record)
                && !Event.STALL.isSet(record);
        if (!isForGuests) {
            return false;
        }
        for (Iommufd iommufd : open) {
            Vdevice device = iommufd.devices().seenByGuest(fault.stream());
            EventQueue queue = device == null ? null : device.viommu().queue(VeventqAlloc.TYPE_ARM_SMMUV3);
            if (device != null && queue != null) {
                long[] event = record.clone();
                Event.STREAM_ID.set(event, device.virtualId() & 0xFFFF_FFFFL);
                queue.report(event, !core.fails(Step.ALLOCATION));
            }
            if (device != null) {
                return queue != null;
            }
        }
        return false;
    }
}
