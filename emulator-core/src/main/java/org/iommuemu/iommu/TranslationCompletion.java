// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.jspecify.annotations.Nullable;

/**
 * The answer to an ATS Translation Request (PCIe base specification, chapter 10; IHI 0070 §3.9.1). Reusable, like {@link
 * Verdict}.
 */
public final class TranslationCompletion {
    /** Completion status. */
    public enum Status {
        /** There is an answer, be it that nothing is allowed. */
        SUCCESS,
        /** Unsupported Request: no translation service for this function. */
        UR,
        /** Completer Abort: the translation agent could not find out. */
        CA
    }

    private Status status = Status.UR;
    private long address;
    private int shift;
    private boolean read;
    private boolean write;
    private boolean execute;
    private boolean privileged;
    private boolean untranslated;
    private boolean snooped;
    private @Nullable Rule rule;

    /** Answers with a translation. */
    public void success(long output, int log2Size, boolean r, boolean w, boolean x, boolean priv) {
        end(Status.SUCCESS, null);
        address = output & -(1L << log2Size);
        shift = log2Size;
        read = r;
        write = w;
        execute = x;
        privileged = priv;
    }

    /** U: the device must not use the address, but send its requests untranslated. */
    public void untranslatedOnly(boolean on) {
        untranslated = on;
    }

    /** N: requests to the address must be snooped. */
    public void snooped(boolean on) {
        snooped = on;
    }

    /** Answers that nothing is allowed in a page of this size. */
    public void nothing(int log2Size, boolean priv, Rule why) {
        success(0, log2Size, false, false, false, priv);
        rule = why;
    }

    /** Ends the request without an answer, or with a rule why it could not be answered. */
    public void end(Status how, @Nullable Rule why) {
        status = how;
        address = 0;
        shift = 0;
        read = false;
        write = false;
        execute = false;
        privileged = false;
        untranslated = false;
        snooped = false;
        rule = why;
    }

    /** Completion status. */
    public Status status() {
        return status;
    }

    /** Translated address of the first byte of the page, aligned to its size. */
    public long address() {
        return address;
    }

    /** log2 of the page's bytes. */
    public int pageShift() {
        return shift;
    }

    /** R: may be read. */
    public boolean isReadable() {
        return read;
    }

    /** W: may be written. */
    public boolean isWritable() {
        return write;
    }

    /** Exe: may be executed. */
    public boolean isExecutable() {
        return execute;
    }

    /** Priv: the permissions are those of privileged mode. */
    public boolean isPrivileged() {
        return privileged;
    }

    /** U: requests must be sent untranslated. */
    public boolean isUntranslatedOnly() {
        return untranslated;
    }

    /** N: requests must not ask for not being snooped. */
    public boolean isSnooped() {
        return snooped;
    }

    /** Why nothing is allowed, or null if something is. */
    public @Nullable Rule rule() {
        return rule;
    }
}
