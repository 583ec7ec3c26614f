// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.SmmuSte;
import org.iommuemu.host.iommufd.spec.HwptStructures.VtdS1;

/**
 * A guest's table as the caller describes it.
 *
 * @param memory the caller's
 * @param type of the structure
 * @param address of the structure
 * @param length of the structure
 */
record UserGuestData(UserMemory memory, int type, long address, long length) implements GuestData {
    @Override
    public Result<GuestTable> read() {
        return type == Alloc.DATA_VTD_S1
                ? structure(VtdS1.BYTES).then(UserGuestData::firstStage)
                : structure(SmmuSte.BYTES)
                        .then(s -> checked(new GuestTable.SmmuStreamEntry(SmmuSte.STE0.get(s), SmmuSte.STE1.get(s))));
    }

    private Result<ByteBuffer> structure(int bytes) {
        return memory.structure(address, length, bytes, bytes);
    }

    private static Result<GuestTable> firstStage(ByteBuffer s) {
        return VtdS1.RESERVED.get(s) != 0
                ? Call.unsupported("reserved fields of a first stage")
                : checked(new GuestTable.VtdFirstStage(
                        VtdS1.FLAGS.get(s), VtdS1.PGTBL_ADDR.get(s), VtdS1.ADDR_WIDTH.getInt(s)));
    }

    private static Result<GuestTable> checked(GuestTable table) {
        return table.check().then(done -> Result.ok(table));
    }
}
