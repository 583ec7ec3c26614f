// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

/** Opcodes of the commands that are there (NVMe 1.4 §5 and §6). */
public final class Opcode {
    /** Admin: delete an I/O submission queue. */
    public static final int DELETE_SQ = 0x00;
    /** Admin: create an I/O submission queue. */
    public static final int CREATE_SQ = 0x01;
    /** Admin: read a log page. */
    public static final int GET_LOG_PAGE = 0x02;
    /** Admin: delete an I/O completion queue. */
    public static final int DELETE_CQ = 0x04;
    /** Admin: create an I/O completion queue. */
    public static final int CREATE_CQ = 0x05;
    /** Admin: what controller and namespaces are. */
    public static final int IDENTIFY = 0x06;
    /** Admin: abort a command. */
    public static final int ABORT = 0x08;
    /** Admin: set a feature. */
    public static final int SET_FEATURES = 0x09;
    /** Admin: read a feature. */
    public static final int GET_FEATURES = 0x0A;
    /** Admin: wait for an event. */
    public static final int ASYNC_EVENT_REQUEST = 0x0C;

    /** I/O: make what was written lasting. */
    public static final int FLUSH = 0x00;
    /** I/O: memory to blocks. */
    public static final int WRITE = 0x01;
    /** I/O: blocks to memory. */
    public static final int READ = 0x02;
    /** I/O: memory against blocks. */
    public static final int COMPARE = 0x05;
    /** I/O: zeroes to blocks. */
    public static final int WRITE_ZEROES = 0x08;

    private Opcode() {}
}
