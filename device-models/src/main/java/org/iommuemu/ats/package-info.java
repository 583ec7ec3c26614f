// SPDX-License-Identifier: Apache-2.0
/**
 * What a function says to the translation agent: Translation Requests, invalidations, Page Requests (PCIe Base Specification,
 * chapter 10). {@link org.iommuemu.ats.DmaChannel} is the way into it for devices: they name addresses and PASIDs, and it finds out
 * how to reach them; {@link org.iommuemu.ats.AddressTranslationCache} keeps what it was told.
 */
@NullMarked
package org.iommuemu.ats;

import org.jspecify.annotations.NullMarked;
