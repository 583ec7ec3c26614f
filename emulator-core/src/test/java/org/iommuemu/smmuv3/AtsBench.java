// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;

/**
 * A {@link SmmuBench} whose machine has both stages, HTTU, ATS, PRI, ATOS and stalls, with devices that speak ATS. Answers are
 * texts, so that a test shows them whole.
 */
final class AtsBench implements AutoCloseable {
    /** No PASID. */
    static final int NONE = Transaction.NO_SUBSTREAM;
    /** Write-back, inner shareable, accessed, S2AP 0b11. */
    static final long STAGE_2_READ_WRITE = 0x7FC;
    /** The same with S2AP 0b01. */
    static final long STAGE_2_READ_ONLY = 0x77C;

    /** CR0 with SMMUEN, EVENTQEN, CMDQEN. */
    static final long ON = 0xD;
    /** CR0.ATSCHK. */
    static final long ATSCHK = 0x10;
    /** CR2.RECINVSID. */
    static final long RECINVSID = 2;
    /** CR2.REC_CFG_ATS. */
    static final long REC_CFG_ATS = 8;

    /** All that is modelled: both stages, HTTU 2, ATS, MSI, ATOS, PRI, VATOS, CD2L, ATSRECERR, stalls, two-level tables. */
    static final long IDR0 = 0x089F_F49B;
    /** SIDSIZE 16, SSIDSIZE 20, all queues 19, ATTR_PERMS_OVR. */
    static final long IDR1 = 0x0673_9D10;
    /** HAD, XNX, STT, RIL, BBML 2. */
    static final long IDR3 = 0x1614;
    /** OAS 48 bits, all granules, STALL_MAX 16. */
    static final long IDR5 = 0x10_0075;

    final SmmuBench bench;
    final PhysicalMemory memory;
    final RecordingPort port = new RecordingPort();
    private final Transaction request = new Transaction();
    private final TranslationCompletion completion = new TranslationCompletion();
    private final Verdict verdict = new Verdict();

    /** A stream with both stages: its CD, and the stage 2 tables, which map every table of the bench to itself. */
    record Nested(TestCd cd, TableBuilder second) {
        /** Maps a page through both stages, read-write. */
        Nested map(long address, long intermediate, long physical) {
            cd.map(address, intermediate);
            second.map(intermediate, physical, STAGE_2_READ_WRITE);
            return this;
        }
    }

    /** Started, with EATS full on every stream that {@link #stage1} and {@link #nested} make. */
    AtsBench() {
        this(IDR0, IDR1, IDR3, IDR5);
    }

    AtsBench(long idr0, long idr1, long idr3, long idr5) {
        this(idr0, idr1, idr3, idr5, CacheConfiguration.standard());
    }

    AtsBench(long idr0, long idr1, long idr3, long idr5, CacheConfiguration caches) {
        bench = new SmmuBench(SmmuBench.features(idr0, idr1, idr3, idr5), caches).start();
        memory = bench.memory;
        bench.smmu.connect(port);
    }

    /** CR2 and CR0 anew, in the order that software has to keep. */
    AtsBench controls(long cr0, long cr2) {
        bench.write32(0x20, 0xC);
        bench.write32(0x2C, cr2);
        bench.write32(0x20, cr0);
        return this;
    }

    /** A stream of stage 1 with full ATS. */
    TestCd stage1(int stream) {
        TestCd cd = bench.stage1(stream);
        bench.ste(stream).set(93, 92, 1).set(143, 128, stream);
        return cd;
    }

    /** A stream of stage 2 with full ATS. */
    TableBuilder stage2(int stream) {
        TableBuilder second = new TableBuilder(memory, bench.allocator, Aarch64Stage2.format(12, false), 48);
        // S2VMID, S2T0SZ 16, S2SL0 level 0, S2PS 48 bits, S2AA64, S2R, S2TTB.
        bench.ste(stream)
                .set(143, 128, stream)
                .set(165, 160, 16)
                .set(167, 166, 2)
                .set(178, 176, 5)
                .set(179, 179, 1)
                .set(186, 186, 1)
                .set(243, 196, second.root() >>> 4)
                .set(93, 92, 1)
                .config(6)
                .valid(1);
        return second;
    }

    /** A stream of both stages with full ATS. */
    Nested nested(int stream) {
        TestCd cd = stage1(stream);
        TableBuilder second = stage2(stream);
        bench.ste(stream).config(7);
        for (long at = 0x100_0000; at < 0x200_0000; at += 0x20_0000) {
            second.map(at, at, 1, STAGE_2_READ_WRITE);
        }
        return new Nested(cd, second);
    }

    /** CFGI_ALL, TLBI_NSNH_ALL, SYNC. */
    AtsBench invalidateAll() {
        bench.invalidateAll();
        return this;
    }

    /**
     * Sends a Translation Request.
     *
     * @param pasid or {@link #NONE}
     * @param code WRITE for NW=0, INSTRUCTION for ER, PRIVILEGED for PMR
     * @return {@code UR}, {@code CA}, or address/log2 size and the bits that are set of R, W, X (Exe), P (Priv)
     */
    String ask(int stream, int pasid, long address, int code) {
        bench.smmu.requestTranslation(request.set(stream, pasid, address, code), completion);
        if (completion.status() != TranslationCompletion.Status.SUCCESS) {
            return completion.status().toString();
        }
        String bits = (completion.isReadable() ? "R" : "")
                + (completion.isWritable() ? "W" : "")
                + (completion.isExecutable() ? "X" : "")
                + (completion.isPrivileged() ? "P" : "");
        return Long.toHexString(completion.address()) + "/" + completion.pageShift()
                + (bits.isEmpty() ? "" : " " + bits);
    }

    /** A request without PASID. */
    String ask(int stream, long address, int code) {
        return ask(stream, NONE, address, code);
    }

    /** Sends a transaction with a translated address. */
    Verdict translated(int stream, int pasid, long address, int code) {
        bench.smmu.forwardTranslated(request.set(stream, pasid, address, code), verdict);
        return verdict;
    }

    Verdict translated(int stream, long address, int code) {
        return translated(stream, NONE, address, code);
    }

    /** Runs an operation of GATOS and returns PAR. */
    long gatos(long sid, long addr) {
        return atos(0x100, sid, addr);
    }

    /** Runs an operation of VATOS and returns PAR. */
    long vatos(long sid, long addr) {
        return atos(0x2_0A00, sid, addr);
    }

    private long atos(long base, long sid, long addr) {
        bench.write64(base + 8, sid);
        bench.write64(base + 0x10, addr);
        bench.write32(base, 1);
        return bench.read64(base + 0x18);
    }

    @Override
    public void close() {
        bench.close();
    }
}
