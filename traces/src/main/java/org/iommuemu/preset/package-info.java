// SPDX-License-Identifier: Apache-2.0
/**
 * Configurations of a timed machine. {@link org.iommuemu.preset.Parameter} lists what can be set, {@link
 * org.iommuemu.preset.Settings} are values with their sources, {@link org.iommuemu.preset.SettingsFile} reads them from YAML, and
 * {@link org.iommuemu.preset.Presets} are those that come with the program.
 */
@NullMarked
package org.iommuemu.preset;

import org.jspecify.annotations.NullMarked;
