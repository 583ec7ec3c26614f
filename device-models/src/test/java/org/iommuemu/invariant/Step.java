// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A step of a random program: a record of numbers. Steps that make no sense where they come, as in parts of a program they may, do nothing.
 *
 * @param <W> what it is done to
 */
interface Step<W> {
    /** Does it. */
    void run(W world);

    /** As it is written in Java. */
    default String asJava() {
        return "new " + getClass().getSimpleName()
                + Arrays.stream(values())
                        .map(v -> v instanceof Enum<?> e ? e.getDeclaringClass().getSimpleName() + "." + e : "" + v)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    /** Its parts, in order. */
    default Object[] values() {
        RecordComponent[] parts = getClass().getRecordComponents();
        Object[] values = new Object[parts.length];
        for (int i = 0; i < parts.length; i++) {
            try {
                values[i] = parts[i].getAccessor().invoke(this);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
        return values;
    }

    /** The same step with another part. */
    @SuppressWarnings("unchecked")
    default Step<W> with(int index, Object value) {
        try {
            Class<?>[] types = Arrays.stream(getClass().getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            Object[] values = values();
            values[index] = value;
            return (Step<W>) getClass().getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
