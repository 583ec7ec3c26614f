// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call;

import java.util.function.Function;

/** What a call of the typed interfaces comes to: a value, or an error and where it came up. Modelled errors are never exceptions. */
public sealed interface Result<T> {
    /** The value of calls that have none. */
    enum Done {
        /** It is done. */
        DONE
    }

    /** It succeeded. */
    record Ok<T>(T value) implements Result<T> {}

    /**
     * It failed.
     *
     * @param errno the error
     * @param where the step that failed, for people to read
     */
    record Err<T>(Errno errno, String where) implements Result<T> {}

    /** A success with nothing to say. */
    static Result<Done> done() {
        return new Ok<>(Done.DONE);
    }

    /** A success. */
    static <T> Result<T> ok(T value) {
        return new Ok<>(value);
    }

    /** A failure. */
    static <T> Result<T> err(Errno errno, String where) {
        return new Err<>(errno, where);
    }

    /** Whether it succeeded. */
    default boolean isOk() {
        return this instanceof Ok;
    }

    /** The value of a success. */
    default T value() {
        if (this instanceof Ok<T> ok) {
            return ok.value;
        }
        throw new IllegalStateException("there is no value: " + this);
    }

    /** The error of a failure. */
    default Errno errno() {
        return failure().errno;
    }

    /** The failure, as one of another type. */
    default <U> Result<U> fail() {
        return new Err<>(failure().errno, failure().where);
    }

    private Err<T> failure() {
        if (this instanceof Err<T> err) {
            return err;
        }
        throw new IllegalStateException("there is no error: " + this);
    }

    /** Goes on with the value, unless this is a failure. */
    default <U> Result<U> then(Function<T, Result<U>> next) {
        return this instanceof Ok<T> ok ? next.apply(ok.value) : fail();
    }

    /** What an ioctl returns: 0, or the negative error number. */
    default long returned() {
        return this instanceof Err<T> err ? err.errno.returned() : 0;
    }
}
