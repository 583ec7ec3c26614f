// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

/** Something that a file's user knows by a number. */
abstract class IommufdObject {
    private int id;
    private int users;

    final int id() {
        return id;
    }

    final void id(int number) {
        id = number;
    }

    /** One more object, file or device needs it. */
    final void get() {
        users++;
    }

    /** One less. */
    final void put() {
        if (users == 0) {
            throw new IllegalStateException(this + " is put once too often");
        }
        users--;
    }

    /** Whether anything needs it. */
    final boolean isUsed() {
        return users != 0;
    }

    /** It gives up what it has; nothing needs it. */
    abstract void destroyed();

    @Override
    public String toString() {
        return getClass().getSimpleName() + " " + id;
    }
}
