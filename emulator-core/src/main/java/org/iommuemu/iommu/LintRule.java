// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** A rule for software: what breaks it is not refused, but is unpredictable or surely not what was meant. */
public interface LintRule extends Rule {
    /** The rule's short name, in lower case with hyphens. */
    String id();
}
