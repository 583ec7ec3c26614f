// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

/** Text of a user's file made fit to be shown: it must neither break a line, nor drive a terminal, nor spoil an XML file. */
public final class OneLine {
    private static final int NO_CHARACTERS = 0xFFFE;

    private OneLine() {}

    /** The text with every character escaped that has no place in a line of text. */
    public static String of(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (isPlain(c)) {
                line.appendCodePoint(c);
            } else {
                line.append(String.format(c <= 0xFF ? "\\x%02x" : "\\u%04x", c));
            }
        });
        return line.toString();
    }

    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> (c & NO_CHARACTERS) != NO_CHARACTERS;
        };
    }
}
