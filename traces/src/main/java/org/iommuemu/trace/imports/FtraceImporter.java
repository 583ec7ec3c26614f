// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;

/** A Linux kernel's ftrace text: its {@code iommu} and {@code dma} events, of 6.1 and later. */
final class FtraceImporter implements Importer {
    private static final Pattern LOST = Pattern.compile("\\s*CPU:\\d+ \\[LOST (\\d{1,18}) EVENTS].*");
    private static final Pattern WRITTEN =
            Pattern.compile("# entries-in-buffer/entries-written: (\\d{1,18})/(\\d{1,18}).*");
    private static final long PAGE = 1 << 12;
    private static final int BOTH = DmaRecord.READ | DmaRecord.WRITE;
    private static final int NOBODY = -1;

    /** What an event at the beginning of one of the kernel's DMA functions has said of the calls that follow in its context. */
    private record Function(String name, boolean map, int stream, int attributes) {}

    private final Path file;
    private final ImportOptions options;

    FtraceImporter(Path file, ImportOptions options) {
        this.file = file;
        this.options = options;
    }

    @Override
    public void run(RecordSink sink) throws IOException {
        try (TextLines lines = new TextLines(file)) {
            Reading reading = new Reading(lines, sink, options);
            for (String line = lines.next(); line != null; line = lines.next()) {
                reading.take(line);
            }
            reading.pending.end();
        }
    }

    /** One file being read. */
    private static final class Reading {
        private final TextLines lines;
        private final RecordSink sink;
        private final DeviceNames devices;
        private final AddressSpaces spaces;
        private final UnnamedDevices unnamed;
        private final PendingCalls pending = new PendingCalls(this::write);
        private final Map<Long, Function> functions = new HashMap<>();
        private long start = -1;

        Reading(TextLines lines, RecordSink sink, ImportOptions options) {
            this.lines = lines;
            this.sink = sink;
            devices = new DeviceNames(sink);
            spaces = new AddressSpaces(sink);
            unnamed = new UnnamedDevices(spaces, options.stream());
        }

        void take(String line) throws IOException {
            FtraceEvent event = FtraceEvent.of(line);
            if (event == null) {
                passOver(line);
                return;
            }
            start = start < 0 ? event.time() : start;
            switch (event.name()) {
                case "map" -> call(event, true);
                case "unmap" -> call(event, false);
                case "io_page_fault" -> fault(event);
                case "attach_device_to_domain" -> {
                    unnamed.attached(devices.stream(text(event, "device")));
                    sink.note("events attach_device_to_domain");
                }
                case "dma_map_page",
                        "dma_map_phys",
                        "dma_map_resource",
                        "dma_alloc",
                        "dma_alloc_pages",
                        "dma_alloc_sgt" -> buffer(event, true);
                case "dma_unmap_page", "dma_unmap_phys", "dma_unmap_resource" -> buffer(event, false);
                case "dma_map_sg" -> scatterList(event);
                case "dma_unmap_sg", "dma_free", "dma_free_pages", "dma_free_sgt" -> {
                    sink.note("events " + event.name() + " that name a device");
                    begins(event, false, event.firstWord());
                }
                default -> other(event);
            }
        }

        private void passOver(String line) {
            Matcher lost = LOST.matcher(line);
            Matcher written = WRITTEN.matcher(line);
            if (lost.matches()) {
                sink.note("events that the kernel has lost", Long.parseLong(lost.group(1)));
            } else if (written.matches()) {
                long gone = Long.parseLong(written.group(2)) - Long.parseLong(written.group(1));
                sink.note("events that the kernel has overwritten", Math.max(0, gone));
            } else if (!line.isBlank() && !line.startsWith("#")) {
                sink.note("lines that are no events");
            }
        }

        private void call(FtraceEvent event, boolean map) throws IOException {
            long iova = number(event, "iova");
            long bytes = number(event, map ? "size" : "unmapped_size");
            long physical = map ? number(event, "paddr") : 0;
            if (bytes == 0) {
                sink.note(map ? "maps of nothing" : "unmaps that have unmapped nothing");
                return;
            }
            if (((iova | bytes | physical) & PAGE - 1) != 0
                    || bytes < 0
                    || physical >>> DmaRecord.ADDRESS_BITS != 0
                    || Long.compareUnsigned(iova, -bytes) > 0) {
                throw lines.wrong(
                        event.name() + " of " + bytes + " bytes at 0x" + Long.toHexString(iova) + " to 0x"
                                + Long.toHexString(physical),
                        "whole pages of 4 KiB");
            }
            PendingCalls.Call call = new PendingCalls.Call(map, event, iova, physical, bytes);
            Function function = functions.get(event.context());
            if (function != null && function.map == map) {
                call.belongsTo(function.stream, function.attributes);
            }
            pending.add(call);
        }

        /** Written when its device is known, or will not be any more. */
        private void write(PendingCalls.Call call) throws IOException {
            Integer stream = call.stream();
            if (stream != null) {
                unnamed.attached(stream);
            }
            if (call.map) {
                if (stream == null) {
                    stream = unnamed.free(call.iova, call.bytes);
                    sink.note("maps that name no device; given to the first that has the range free");
                }
                spaces.map(call.time - start, stream, call.iova, call.physical, call.bytes, call.attributes);
                return;
            }
            int owner = stream != null && spaces.touches(stream, call.iova, call.bytes) ? stream : owner(call);
            if (owner == NOBODY || !spaces.unmap(call.time - start, owner, call.iova, call.bytes)) {
                sink.note("unmaps of what is not mapped");
            }
        }

        private int owner(PendingCalls.Call call) {
            List<Integer> owners = unnamed.owners(call.iova, call.bytes);
            if (owners.size() > 1) {
                sink.note("unmaps that name no device, of a range that several have; given to the first");
            } else if (!owners.isEmpty()) {
                sink.note("unmaps that name no device; given to the one that has the range");
            }
            return owners.isEmpty() ? NOBODY : owners.get(0);
        }

        private void fault(FtraceEvent event) throws IOException {
            String[] words = event.text().split(" ");
            if (words.length < 3) {
                throw lines.wrong("io_page_fault is '" + event.text() + "'", "IOMMU:<driver> <device> iova=0x<number>");
            }
            pending.end();
            boolean write = (number(event, "flags") & 1) != 0;
            int stream = devices.stream(words[1]);
            long iova = number(event, "iova");
            sink.begin(event.time() - start, write ? TraceKind.WRITE_DMA : TraceKind.READ_DMA, stream, iova, 0);
            sink.put();
            sink.note("faults; written as accesses without an address");
        }

        private void buffer(FtraceEvent event, boolean map) throws IOException {
            long first = hex(event, "dma_addr");
            long bytes = number(event, "size");
            told(
                    event,
                    pending.tell(
                            map,
                            event,
                            first,
                            first + Math.max(1, bytes) - 1,
                            devices.stream(event.firstWord()),
                            direction(event)));
        }

        /** Its segments lie one behind the other: Linux allocates one range for all of them. */
        private void scatterList(FtraceEvent event) throws IOException {
            String[] addresses = list(event, "dma_addrs");
            String[] sizes = list(event, "sizes");
            long first = -1;
            long last = 0;
            for (int i = 0; i < addresses.length && i < sizes.length; i++) {
                long address = Numbers.parse(addresses[i], lines);
                long end = address + Math.max(1, Numbers.parse(sizes[i], lines)) - 1;
                first = Long.compareUnsigned(address, first) < 0 ? address : first;
                last = Long.compareUnsigned(end, last) > 0 ? end : last;
            }
            told(
                    event,
                    addresses.length > 0
                            && pending.tell(
                                    true, event, first, last, devices.stream(event.firstWord()), direction(event)));
        }

        private String[] list(FtraceEvent event, String name) {
            String text = text(event, name);
            if (!text.startsWith("{") || !text.endsWith("}")) {
                throw lines.wrong(name + " is '" + text + "'", "numbers in braces");
            }
            return text.length() == 2
                    ? new String[0]
                    : text.substring(1, text.length() - 1).split(",");
        }

        private void told(FtraceEvent event, boolean any) throws IOException {
            functions.remove(event.context());
            sink.note(
                    any
                            ? "events " + event.name() + " that name a device"
                            : "events " + event.name() + " without a map or unmap of the IOMMU");
            pending.release(event.time());
        }

        /** A probe's arguments name the device before its function maps or unmaps. */
        private void other(FtraceEvent event) {
            sink.note("events " + event.name());
            String device = event.field("dev");
            String name = event.name();
            Function function = functions.get(event.context());
            if (function != null && name.equals(function.name + "_ret")) {
                functions.remove(event.context());
            } else if (device != null && (name.contains("map") || name.contains("alloc") || name.contains("free"))) {
                begins(event, !name.contains("unmap") && !name.contains("free"), device.replace("\"", ""));
            }
        }

        private void begins(FtraceEvent event, boolean map, String device) {
            Function function = new Function(event.name(), map, devices.stream(device), direction(event));
            functions.put(event.context(), function);
        }

        private static int direction(FtraceEvent event) {
            String direction = event.field("dir");
            if (direction == null) {
                return BOTH;
            }
            return switch (direction) {
                case "TO_DEVICE", "1" -> DmaRecord.READ;
                case "FROM_DEVICE", "2" -> DmaRecord.WRITE;
                default -> BOTH;
            };
        }

        private String text(FtraceEvent event, String name) {
            String value = event.field(name);
            if (value == null) {
                throw lines.wrong("a " + event.name() + " event without " + name, name + "=<value>");
            }
            return value;
        }

        private long number(FtraceEvent event, String name) {
            return Numbers.parse(text(event, name), lines);
        }

        /** {@code dma} events print addresses without 0x. */
        private long hex(FtraceEvent event, String name) {
            String value = text(event, name);
            return Numbers.parse(value.startsWith("0x") ? value : "0x" + value, lines);
        }
    }
}
