// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes the smallest valid capture, of which each test spoils one thing. */
final class CaptureFolder {
    static final String MAPPINGS_HEADER =
            "sid,pasid,asid,iova,size,pa,readable,writable,level,pte_addr,pte,contig,replay_read,replay_write\n";
    static final String PROBES_HEADER = "sid,pasid,access,iova,pa,leaf_perm,fault,event,expected\n";

    final Path folder;

    private CaptureFolder(Path folder) {
        this.folder = folder;
    }

    static CaptureFolder in(Path folder) {
        return new CaptureFolder(folder)
                .with("memory.json", "{\"page_size\": 4096, \"addresses\": [\"0x1000\", \"0x5000\"]}")
                .with("memory.bin", new byte[8192])
                .with("registers.json", "{\"device\": \"SMMUv3\", \"registers\": []}");
    }

    CaptureFolder with(String name, String text) {
        return with(name, text.getBytes(StandardCharsets.UTF_8));
    }

    CaptureFolder with(String name, byte[] bytes) {
        try {
            final Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            return this;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    CaptureFolder without(String name) {
        try {
            Files.delete(folder.resolve(name));
            return this;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    Capture open() {
        return Capture.open(folder);
    }
}
