// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.iommuemu.capture.InputException;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceKind;

/** The parameters of a pattern with all of its options. */
final class PatternSettings {
    private static final int LEAST_SHIFT = TenantMemory.PAGE_SHIFT;
    private static final int MOST_PAGES_SHIFT = 24;
    private static final int MOST_TENANTS = 1 << 16;
    private static final int MIDDLE_SHIFT = 21;
    private static final int MOST_SHIFT = 30;

    private final TracePattern pattern;
    private final TracePattern.Parameters parameters;
    private final Map<PatternOption, Double> options = new EnumMap<>(PatternOption.class);

    PatternSettings(TracePattern pattern, TracePattern.Parameters parameters) {
        this.pattern = pattern;
        this.parameters = parameters;
        options.putAll(pattern.options());
        options.putAll(parameters.options());
    }

    int tenants() {
        return parameters.tenants();
    }

    long records() {
        return parameters.records();
    }

    long seed() {
        return parameters.seed();
    }

    boolean has(PatternOption option) {
        return options.containsKey(option);
    }

    double of(PatternOption option) {
        Double value = options.get(option);
        if (value == null) {
            throw new IllegalArgumentException(pattern + " has no " + option);
        }
        return value;
    }

    long whole(PatternOption option) {
        return (long) of(option);
    }

    int small(PatternOption option) {
        return (int) of(option);
    }

    /** In ps. */
    long time(PatternOption option) {
        return Math.round(of(option) * Picoseconds.PER_NANOSECOND);
    }

    /** A read or a write, as {@link PatternOption#READS} says; draws a number only if it may be either. */
    TraceKind kind(RandomStream random) {
        double reads = of(PatternOption.READS);
        boolean read = reads >= 1 || reads > 0 && random.nextDouble() < reads;
        return read ? TraceKind.READ_DMA : TraceKind.WRITE_DMA;
    }

    void check() {
        if (tenants() < 1 || tenants() > MOST_TENANTS) {
            throw new InputException("--tenants is " + tenants(), "a number from 1 to " + MOST_TENANTS);
        }
        for (PatternOption option : parameters.options().keySet()) {
            if (!pattern.options().containsKey(option)) {
                String taken = pattern.options().keySet().stream()
                        .map(o -> "--" + o.label())
                        .collect(Collectors.joining(", "));
                throw new InputException(
                        "--" + option.label() + " with --pattern " + pattern.label(),
                        taken.isEmpty() ? "none of the options that only some patterns take" : "only " + taken);
            }
        }
        options.forEach(PatternOption::check);
        if (has(PatternOption.PAGE_SHIFT)) {
            checkPages();
        }
        switch (pattern) {
            case NVME, ACCELERATOR -> checkCommand();
            case STRIDED -> checkStride();
            default -> checkLength();
        }
    }

    private void checkPages() {
        int shift = small(PatternOption.PAGE_SHIFT);
        if (shift != LEAST_SHIFT && shift != MIDDLE_SHIFT && shift != MOST_SHIFT) {
            throw new InputException(
                    "--page-shift is " + shift, LEAST_SHIFT + ", " + MIDDLE_SHIFT + " or " + MOST_SHIFT);
        }
        long window = whole(PatternOption.WINDOW);
        if (window < 1L << shift) {
            throw new InputException("--window is " + window, "at least a page, of 2^" + shift + " bytes");
        }
        long spaces = tenants() * (has(PatternOption.PASIDS) ? whole(PatternOption.PASIDS) : 1);
        if (spaces > TenantMemory.mostSpaces(memoryShift())) {
            throw new InputException(
                    spaces + " address spaces with --window " + window,
                    "at most " + TenantMemory.mostSpaces(memoryShift()) + " of that size");
        }
    }

    /** log2 of the physical memory of each address space. */
    int memoryShift() {
        int windows = pattern == TracePattern.PHASES ? PhasePattern.WINDOWS_SHIFT : 0;
        return Math.max(TenantMemory.SHIFT, Long.numberOfTrailingZeros(whole(PatternOption.WINDOW)) + windows);
    }

    private void checkLength() {
        if (has(PatternOption.LENGTH)) {
            long length = whole(PatternOption.LENGTH);
            if (length > TenantMemory.PAGE || Long.bitCount(length) != 1) {
                throw new InputException("--length is " + length, "a power of two, at most " + TenantMemory.PAGE);
            }
            boolean byPage = pattern == TracePattern.ZIPF || pattern == TracePattern.POINTER_CHASE;
            if (byPage && whole(PatternOption.WINDOW) > 1L << MOST_PAGES_SHIFT + LEAST_SHIFT) {
                throw new InputException(
                        "--window is " + whole(PatternOption.WINDOW),
                        "at most " + (1L << MOST_PAGES_SHIFT + LEAST_SHIFT));
            }
        }
    }

    private void checkStride() {
        checkLength();
        long stride = whole(PatternOption.STRIDE);
        if (stride % whole(PatternOption.LENGTH) != 0) {
            throw new InputException(
                    "--stride is " + stride, "a multiple of --length, which is " + whole(PatternOption.LENGTH));
        }
    }

    private void checkCommand() {
        long length = whole(PatternOption.LENGTH);
        long most = has(PatternOption.WINDOW)
                ? Math.min(whole(PatternOption.WINDOW), NvmePattern.MOST_LENGTH)
                : NvmePattern.MOST_LENGTH;
        if (length % TenantMemory.PAGE != 0 || length > most) {
            throw new InputException(
                    "--length is " + length, "a multiple of " + TenantMemory.PAGE + ", at most " + most);
        }
        if (has(PatternOption.DEPTH) && length * (whole(PatternOption.DEPTH) + 1) > NvmePattern.MOST_BYTES) {
            throw new InputException(
                    "--depth is " + whole(PatternOption.DEPTH) + " with --length " + length,
                    "at most " + NvmePattern.MOST_BYTES + " bytes under way, one command more counted");
        }
    }
}
