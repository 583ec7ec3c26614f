// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a sweep's results while it runs. A finished point is one line of a journal, with its checksum; a run that was killed
 * leaves at most the beginning of a line, which the next one takes away.
 *
 * <pre>
 *   lock              held by the run that is under way
 *   plan              digest of the plan
 *   journal.jsonl     a line for each finished point, in the order in which they came
 *   traces/           made-up traces
 *   results.*         when all is done
 * </pre>
 */
public final class PointStore implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final String PLAN = "plan";
    private static final String JOURNAL = "journal.jsonl";
    private static final String PART = ".part";
    private static final int CHECKSUM_DIGITS = 8;

    private final Path folder;
    private final FileChannel lockFile;
    private final Map<String, String> finished = new HashMap<>();
    private @Nullable FileChannel journal;
    private boolean isBroken;

    private PointStore(Path folder, FileChannel lockFile) {
        this.folder = folder;
        this.lockFile = lockFile;
    }

    /**
     * Opens a folder, which is made if it is not there.
     *
     * @param resume whether it may have points already
     * @throws InputException if it cannot be written, is in use, or has what is not to be touched
     */
    public static PointStore open(Path folder, boolean resume) {
        try {
            if (Files.exists(folder) && !Files.isDirectory(folder)) {
                throw new InputException(folder, 0, "is no folder", "a folder for results, or none yet");
            }
            if (Files.exists(folder) && !Files.exists(folder.resolve(LOCK)) && !isEmpty(folder)) {
                throw new InputException(folder, 0, "holds something else", "an empty folder, or none yet");
            }
            if (!resume && Files.exists(folder.resolve(PLAN))) {
                throw new InputException(folder, 0, "has results already", "--resume with it, or another folder");
            }
            Files.createDirectories(folder);
            PointStore store = new PointStore(folder, lock(folder.resolve(LOCK)));
            sweepOut(folder);
            sweepOut(store.traces());
            return store;
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    /** Takes away what a run that was killed has begun to write. */
    private static void sweepOut(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, "*" + PART)) {
                for (Path part : parts) {
                    Files.delete(part);
                }
            }
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    private static InputException unwritable(Path file, IOException e) {
        return new InputException(file, 0, "cannot be written (" + e.getMessage() + ")", "a writable folder");
    }

    private static FileChannel lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // By this very program; said below.
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        if (lock == null) {
            throw new InputException(file, 0, "is held by another run", "one run in a folder at a time");
        }
        return channel;
    }

    /** Where made-up traces go. */
    public Path traces() {
        return folder.resolve("traces");
    }

    /** A file of the results. */
    public Path file(String name) {
        return folder.resolve(name);
    }

    /**
     * Begins with a plan, or goes on with it.
     *
     * @throws InputException if the folder's points are those of another plan, or its journal is damaged
     */
    public void begin(SweepPlan plan) {
        Path file = folder.resolve(PLAN);
        try {
            String digest = plan.digest() + "\n";
            if (Files.exists(file)) {
                if (!Files.readString(file).equals(digest)) {
                    throw new InputException(
                            folder,
                            0,
                            "has results of another sweep, or of other traces",
                            "the same, or another folder");
                }
            } else {
                Path part = folder.resolve(PLAN + PART);
                Files.writeString(part, digest);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            journal = openJournal(folder.resolve(JOURNAL));
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    private FileChannel openJournal(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        byte[] bytes = Files.readAllBytes(file);
        int start = 0;
        int number = 1;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                read(file, number++, new String(bytes, start, i - start, StandardCharsets.UTF_8));
                start = i + 1;
            }
        }
        channel.truncate(start);
        channel.position(start);
        return channel;
    }

    private void read(Path file, int number, String line) {
        String text = line.length() > CHECKSUM_DIGITS ? line.substring(CHECKSUM_DIGITS + 1) : "";
        if (!line.equals(checksum(text) + " " + text)) {
            throw new InputException(
                    file, number, "is damaged", "lines with their checksum; without this line its point is run again");
        }
        finished.put(ResultLine.id(text), text);
    }

    private static String checksum(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }

    /** The result of a point, or null if it is not finished. */
    public synchronized @Nullable PointResult result(SweepPoint point) {
        String line = finished.get(point.id());
        return line == null ? null : PointResult.parse(line, point);
    }

    /**
     * Keeps a finished point; when this returns, no end of this process loses it.
     *
     * @throws InputException if it cannot be written; what comes after that is not kept
     */
    public synchronized void add(PointResult result) {
        if (journal == null) {
            throw new IllegalStateException("no plan has begun");
        }
        if (isBroken) {
            return;
        }
        String text = result.line();
        ByteBuffer line = ByteBuffer.wrap((checksum(text) + " " + text + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                journal.write(line);
            }
        } catch (IOException e) {
            // A line that has only begun must stay the last one.
            isBroken = true;
            throw unwritable(folder.resolve(JOURNAL), e);
        }
        finished.put(result.point().id(), text);
    }

    @Override
    public void close() {
        try {
            if (journal != null) {
                journal.close();
            }
            lockFile.close();
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }
}
