// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Ste;

/** Writes the structures of streams in the steps of a version of Linux, each of which is told to the SMMU. */
final class SmmuStructureWriter {
    private final PhysicalMemory memory;
    private final SmmuInvalidations invalidations;
    private final LinuxRelease version;

    SmmuStructureWriter(PhysicalMemory memory, SmmuInvalidations invalidations, LinuxRelease version) {
        this.memory = memory;
        this.invalidations = invalidations;
        this.version = version;
    }

    private long word(long address, int index) {
        return memory.readLong(address + (long) index * Long.BYTES);
    }

    private void write(long address, long[] words, int from, int to) {
        for (int i = to - 1; i >= from; i--) {
            memory.writeLong(address + (long) i * Long.BYTES, words[i]);
        }
    }

    /**
     * Writes a stream's entry.
     *
     * @param ste its address in memory
     */
    void stream(int stream, long ste, long[] target) {
        Runnable changed = () -> invalidations.streamChanged(stream);
        boolean translates = isTranslated(target[0]);
        if (version == LinuxRelease.LINUX_6_1 && !translates) {
            write(ste, target, 0, 1);
            write(ste, target, 1, Ste.WORDS);
            changed.run();
            return;
        }
        if (version == LinuxRelease.LINUX_6_1 && !isTranslated(word(ste, 0))) {
            write(ste, target, 1, Ste.WORDS);
            changed.run();
            write(ste, target, 0, 1);
            changed.run();
        } else {
            new LiveEntry(memory, ste, Ste.V.mask(), SmmuUsedBits::ofStream, changed).become(target);
        }
        invalidations.prefetch(stream);
    }

    private static boolean isTranslated(long word0) {
        long config = Ste.CONFIG.get(word0);
        return Ste.V.isSet(word0)
                && (config & Ste.CONFIG_ENABLE) != 0
                && (config & (Ste.CONFIG_STAGE_1 | Ste.CONFIG_STAGE_2)) != 0;
    }

    /** Writes a context before its stream uses contexts: nothing is cached that would have to go. */
    void unusedContext(long cd, long[] target, boolean first) {
        write(cd, target, 1, Cd.WORDS);
        if (first) {
            // Linux 6.1 tells all streams of the domain, of which there are none yet.
            invalidations.sync();
        }
        write(cd, target, 0, 1);
        if (first) {
            invalidations.sync();
        }
    }

    /** Clears a context whose stream does not use contexts any more, which it was told. */
    void clearUnusedContext(long cd) {
        write(cd, new long[Cd.WORDS], 0, Cd.WORDS);
    }

    /** Writes a context of a stream that may use it. */
    void context(int stream, int substream, long cd, long[] target) {
        Runnable changed = () -> invalidations.contextChanged(stream, substream);
        if (version == LinuxRelease.LINUX_6_1 && !Cd.V.isSet(word(cd, 0)) && Cd.V.isSet(target)) {
            write(cd, target, 1, Cd.WORDS);
            changed.run();
            write(cd, target, 0, 1);
            changed.run();
        } else if (version == LinuxRelease.LINUX_6_1) {
            write(cd, target, 0, 1);
            changed.run();
            // Of what is not valid any more, nothing is left.
            write(cd, target, 1, Cd.WORDS);
        } else {
            new LiveEntry(memory, cd, Cd.V.mask(), SmmuUsedBits::ofContext, changed).become(target);
        }
    }
}
