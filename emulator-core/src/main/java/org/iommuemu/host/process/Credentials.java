// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

/**
 * Who a process acts for.
 *
 * @param uid real user id
 * @param euid effective user id
 * @param suid saved user id
 * @param gid real group id
 * @param egid effective group id
 * @param sgid saved group id
 * @param ptraceCapable whether it has CAP_SYS_PTRACE
 */
public record Credentials(int uid, int euid, int suid, int gid, int egid, int sgid, boolean ptraceCapable) {
    /** Those of the superuser, and of kernel threads. */
    public static final Credentials ROOT = new Credentials(0, 0, 0, 0, 0, 0, true);

    /** Those of an ordinary user, whose group has the same number. */
    public static Credentials user(int uid) {
        return new Credentials(uid, uid, uid, uid, uid, uid, false);
    }
}
