// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.IdentifyController;
import org.iommuemu.device.nvme.spec.IdentifyNamespace;
import org.iommuemu.device.nvme.spec.SubmissionEntry;

/** What Identify answers: 4096 bytes each (NVMe 1.4 §5.15). */
final class IdentifyData {
    static final int BYTES = 4096;
    static final String REVISION = "1.0";
    /** Version 1.4. */
    static final long VERSION = ControllerRegisters.MJR.of(1) | ControllerRegisters.MNR.of(4);

    /** The project's; a number that pci.ids gives to nobody. */
    static final int VENDOR = 0xD1D1;

    private static final int ABORTS = 3;
    private static final int EXTENDED_LOGS = 1 << 2;
    private static final int FIRMWARE_SLOTS = 1 << 1 | 1;
    private static final int COMPARE_AND_WRITE_ZEROES = 1 | 1 << 3;
    private static final int POWER = 2500;
    private static final int WARNING = 343;
    private static final int CRITICAL = 358;
    private static final int NIBBLE = 4;
    private static final int EUI64 = 1;

    private IdentifyData() {}

    static byte[] controller(NvmeParameters p, int namespaces) {
        long[] w = new long[IdentifyController.WORDS];
        IdentifyController.VID.set(w, VENDOR);
        IdentifyController.SSVID.set(w, VENDOR);
        IdentifyController.RAB.set(w, Features.DEFAULT_BURST);
        IdentifyController.MDTS.set(w, p.maxTransfer());
        IdentifyController.VER.set(w, VERSION);
        IdentifyController.CNTRLTYPE.set(w, 1);
        IdentifyController.ACL.set(w, ABORTS);
        IdentifyController.AERL.set(w, p.eventRequests() - 1);
        IdentifyController.FRMW.set(w, FIRMWARE_SLOTS);
        IdentifyController.LPA.set(w, EXTENDED_LOGS);
        IdentifyController.ELPE.set(w, p.errorLog() - 1);
        IdentifyController.WCTEMP.set(w, WARNING);
        IdentifyController.CCTEMP.set(w, CRITICAL);
        IdentifyController.SQES.set(w, SubmissionEntry.SHIFT << NIBBLE | SubmissionEntry.SHIFT);
        IdentifyController.CQES.set(w, CompletionEntry.SHIFT << NIBBLE | CompletionEntry.SHIFT);
        IdentifyController.NN.set(w, namespaces);
        IdentifyController.ONCS.set(w, COMPARE_AND_WRITE_ZEROES);
        IdentifyController.PSD0_MP.set(w, POWER);
        byte[] data = WireWords.bytes(w);
        put(data, IdentifyController.SN, IdentifyController.SN_BYTES, "0001");
        put(data, IdentifyController.MN, IdentifyController.MN_BYTES, "iommu-emulator NVMe");
        put(data, IdentifyController.FR, IdentifyController.FR_BYTES, REVISION);
        byte[] name = "nqn.2026-11.org.iommuemu:nvme:0001".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(name, 0, data, IdentifyController.SUBNQN, name.length);
        return data;
    }

    static byte[] namespace(Namespace n, int id) {
        long[] w = new long[IdentifyNamespace.WORDS];
        IdentifyNamespace.NSZE.set(w, n.blocks());
        IdentifyNamespace.NCAP.set(w, n.blocks());
        IdentifyNamespace.NUSE.set(w, n.blocks());
        IdentifyNamespace.EUI64.set(w, Long.reverseBytes(id));
        IdentifyNamespace.LBADS.set(w, n.blockShift());
        return WireWords.bytes(w);
    }

    /** Identifiers of active namespaces above one, ascending. */
    static byte[] activeNamespaces(long above, int namespaces) {
        long[] w = new long[BYTES / Long.BYTES];
        int ids = BYTES / Integer.BYTES;
        for (int i = 0; i < ids && above + 1 + i <= namespaces; i++) {
            w[i / 2] |= above + 1 + i << i % 2 * Integer.SIZE;
        }
        return WireWords.bytes(w);
    }

    /** The one descriptor of a namespace: its EUI64. */
    static byte[] descriptors(int id) {
        byte[] data = new byte[BYTES];
        data[0] = EUI64;
        data[1] = Long.BYTES;
        byte[] eui = WireWords.bytes(Long.reverseBytes(id));
        System.arraycopy(eui, 0, data, Integer.BYTES, eui.length);
        return data;
    }

    /** Characters, and spaces up to the end of the field. */
    static void put(byte[] data, int at, int bytes, String text) {
        Arrays.fill(data, at, at + bytes, (byte) ' ');
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(ascii, 0, data, at, ascii.length);
    }
}
