// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

/** Keeps the number of an object that went before its user destroyed it, as a device was unbound: it can only be destroyed. */
final class Tombstone extends IommufdObject {
    @Override
    void destroyed() {}
}
