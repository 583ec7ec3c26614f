// SPDX-License-Identifier: Apache-2.0
/**
 * Small stories on a whole machine, told as they happen: what software does, what devices and the IOMMU make of it. {@link
 * org.iommuemu.demo.Demo} is one, {@link org.iommuemu.demo.Demos} has them all. They double as examples of how to use the library, and
 * each says in the end what must hold.
 */
@NullMarked
package org.iommuemu.demo;

import org.jspecify.annotations.NullMarked;
