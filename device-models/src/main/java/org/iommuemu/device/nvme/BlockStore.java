// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.io.IOException;

/** Where a namespace keeps its bytes. Ranges lie within {@link #bytes}. */
public interface BlockStore {
    /** Its size. */
    long bytes();

    /**
     * Reads.
     *
     * @throws IOException if the medium fails: the command ends in Unrecovered Read Error
     */
    void read(long at, byte[] into) throws IOException;

    /**
     * Writes.
     *
     * @throws IOException if the medium fails: the command ends in Write Fault
     */
    void write(long at, byte[] from) throws IOException;

    /**
     * Writes zeroes.
     *
     * @throws IOException if the medium fails: the command ends in Write Fault
     */
    void zero(long at, long count) throws IOException;

    /**
     * Makes lasting what was written.
     *
     * @throws IOException if the medium fails: the command ends in Write Fault
     */
    void flush() throws IOException;
}
