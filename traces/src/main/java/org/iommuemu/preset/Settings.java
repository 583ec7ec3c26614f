// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.time.Picoseconds;

/**
 * A value for every {@link Parameter}, and where each one comes from.
 *
 * @param name of the preset or file
 * @param title one line for people
 * @param systems measured systems that these settings stand for
 * @param values by parameter; those that are missing are usual
 * @param sources by parameter: a citation, or {@code assumed}
 */
public record Settings(
        String name,
        String title,
        List<String> systems,
        Map<Parameter, String> values,
        Map<Parameter, String> sources) {
    /** The source of a value that nobody has set. */
    public static final String USUAL = "assumed";

    /** Takes copies. */
    public Settings {
        systems = List.copyOf(systems);
        values = Map.copyOf(values);
        sources = Map.copyOf(sources);
    }

    /** The value of a parameter, as text. */
    public String text(Parameter p) {
        return values.getOrDefault(p, p.usual());
    }

    /** Where it comes from. */
    public String source(Parameter p) {
        return sources.getOrDefault(p, USUAL);
    }

    /** The value of a parameter that is a whole number. */
    public int integer(Parameter p) {
        return new BigDecimal(text(p)).intValueExact();
    }

    /** The value of a parameter that is a number. */
    public double number(Parameter p) {
        return Double.parseDouble(text(p));
    }

    /** The value of a parameter that is a time in ns, in ps. */
    public long picoseconds(Parameter p) {
        return Picoseconds.ofNanoseconds(new BigDecimal(text(p)));
    }

    /** Whether a parameter is true. */
    public boolean isOn(Parameter p) {
        return Boolean.parseBoolean(text(p));
    }

    /** The value of a parameter that is one of several words, as the constant of that name. */
    public <E extends Enum<E>> E choice(Parameter p, Class<E> constants) {
        return Enum.valueOf(constants, text(p).toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /**
     * The same with one value changed.
     *
     * @throws InputException if the value is not legal
     */
    public Settings with(Parameter p, String value) {
        if (!p.takes(value)) {
            throw new InputException(p.key() + " is '" + value + "'", p.legal());
        }
        Map<Parameter, String> changed = new EnumMap<>(Parameter.class);
        changed.putAll(values);
        changed.put(p, value);
        return new Settings(name, title, systems, changed, sources);
    }
}
