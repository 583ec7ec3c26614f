// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

/** A documented reason for which a recorded answer counts as agreeing although it is not the architecture's. */
public enum AgreementRule {
    /** The address was beyond what the recording bus passes on. */
    NOT_PRESENTED("not-presented", "the recording bus refused the address before its IOMMU saw it; refusal compared"),
    /** The recording model dropped the access without a record. */
    DENIED_WITHOUT_RECORD(
            "denied-without-record", "the recording model refused without writing a record; refusal compared"),
    /** Bypassing addresses above OAS. */
    BYPASS_ABOVE_OAS(
            "bypass-above-oas",
            "the recording model lets a bypassing address above IDR5.OAS through; the architecture records F_ADDR_SIZE"),
    /** CLASS is 0. */
    EVENT_CLASS("evt-class", "the recording model writes CLASS as 0; the architecture writes the class of the access"),
    /** The low bits of the IPA. */
    EVENT_IPA_LOW(
            "evt-ipa-low",
            "the recording model writes IPA[11:0] of a stage 2 fault, which the architecture has as zero"),
    /** Reasons of legacy mode in scalable mode. */
    LEGACY_REASON(
            "legacy-reason",
            "the recording model gives legacy mode's fault reason in scalable mode; the architecture has one for the same cause"),
    /** PASID fields of a fault record without PASID. */
    PASID_FIELDS(
            "pasid-fields",
            "the recording model fills the PASID fields of a request that had none; the architecture has them as zero"),
    /** PASID cache invalidations. */
    UNRECORDED_COMMAND(
            "unrecorded-command",
            "the recording model logs no PASID cache invalidation: one that the driver handed over was added"),
    /** An access by a translation that was taken away already. */
    AFTER_UNMAP(
            "after-unmap",
            "the access is recorded between an unmap and the command that invalidates it; ours is invalidated within the call, and refuses"),
    /** A flush came later than its timer was due. */
    FLUSH_LATE(
            "flush-late",
            "the recorded timer ran so much after its tick that the flush covers unmaps of that time too; it is run when recorded"),
    /** A flush came before its timer was due. */
    FLUSH_EARLY(
            "flush-early",
            "the recorded timer was armed before the call that arms ours: by jiffies that lag behind, or by an unmap that raced with"
                    + " the flush before; it is run when recorded"),
    /** Identification registers that features.json replaces. */
    FEATURE_REPLACED(
            "feature-replaced", "the capture's features.json gives the register a value other than the recorded one"),
    /** Identification registers. */
    FEATURE_NOT_MODELLED(
            "feature-not-modelled", "the recorded machine has a feature that this model lacks and reports as absent");

    private final String label;
    private final String text;

    AgreementRule(String label, String text) {
        this.label = label;
        this.text = text;
    }

    /** The rule's short name. */
    public String label() {
        return label;
    }

    /** The rule in one sentence. */
    public String text() {
        return text;
    }
}
