// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** A rule of the architecture by which a transaction was refused: which field broke it, and where it is written. */
public interface Rule {
    /** The field or property at fault, such as {@code STE.Config}. */
    String field();

    /** The rule, in one sentence. */
    String text();

    /** Document and section. */
    String section();
}
