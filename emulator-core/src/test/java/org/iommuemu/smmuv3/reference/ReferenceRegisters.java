// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import org.iommuemu.iommu.Iommu;

/**
 * What the registers say that matter to a translation (fact sheet 1.3 to 1.8, 1.11); values as software reads them.
 *
 * @param idr0 SMMU_IDR0
 * @param idr1 SMMU_IDR1
 * @param idr3 SMMU_IDR3
 * @param idr5 SMMU_IDR5
 * @param cr0 SMMU_CR0
 * @param cr2 SMMU_CR2
 * @param gbpa SMMU_GBPA
 * @param base SMMU_STRTAB_BASE
 * @param cfg SMMU_STRTAB_BASE_CFG
 */
record ReferenceRegisters(
        long idr0, long idr1, long idr3, long idr5, long cr0, long cr2, long gbpa, long base, long cfg) {
    private static final int[] SIZES = {32, 36, 40, 42, 44, 48, 52, 56};

    /** Reads them. */
    static ReferenceRegisters of(Iommu smmu) {
        return new ReferenceRegisters(
                smmu.readRegister(0x0, 4),
                smmu.readRegister(0x4, 4),
                smmu.readRegister(0xC, 4),
                smmu.readRegister(0x14, 4),
                smmu.readRegister(0x20, 4),
                smmu.readRegister(0x2C, 4),
                smmu.readRegister(0x44, 4),
                smmu.readRegister(0x80, 8),
                smmu.readRegister(0x88, 4));
    }

    /** Bits {@code msb:lsb} of a word. */
    static long bits(long word, int msb, int lsb) {
        return word << 63 - msb >>> 63 - msb + lsb;
    }

    static boolean bit(long word, int at) {
        return (word >>> at & 1) != 0;
    }

    boolean stage1() {
        return bit(idr0, 1);
    }

    boolean stage2() {
        return bit(idr0, 0);
    }

    boolean longTables() {
        return bit(idr0, 2);
    }

    boolean wideTables() {
        return bit(idr0, 3);
    }

    int httu() {
        return (int) bits(idr0, 7, 6);
    }

    boolean hyp() {
        return bit(idr0, 9);
    }

    boolean ats() {
        return bit(idr0, 10);
    }

    boolean splitStageAts() {
        return !bit(idr0, 11);
    }

    boolean asid16() {
        return bit(idr0, 12);
    }

    boolean vmid16() {
        return bit(idr0, 18);
    }

    boolean twoLevelContexts() {
        return bit(idr0, 19);
    }

    /** Whether tables of an endianness can be read: TTENDIAN. */
    boolean endianness(boolean big) {
        long code = bits(idr0, 22, 21);
        return code == 0 || code == (big ? 3 : 2);
    }

    int stallModel() {
        return (int) bits(idr0, 25, 24);
    }

    boolean abortOnly() {
        return bit(idr0, 26);
    }

    boolean twoLevelStreams() {
        return bits(idr0, 28, 27) != 0;
    }

    int streamBits() {
        return (int) bits(idr1, 5, 0);
    }

    int substreamBits() {
        return (int) bits(idr1, 10, 6);
    }

    boolean permissionOverrides() {
        return bit(idr1, 26);
    }

    boolean typeOverrides() {
        return bit(idr1, 27);
    }

    boolean had() {
        return bit(idr3, 2);
    }

    boolean xnx() {
        return bit(idr3, 4);
    }

    boolean fwb() {
        return bit(idr3, 8);
    }

    boolean stt() {
        return bit(idr3, 9);
    }

    boolean e0pd() {
        return bit(idr3, 13);
    }

    boolean epan() {
        return bit(idr3, 17);
    }

    /** Bits of a size code (IPS, S2PS), capped by OAS. */
    int size(long code) {
        return Math.min(SIZES[(int) code], oas());
    }

    int oas() {
        return SIZES[(int) bits(idr5, 2, 0)];
    }

    /** Section 4.1. */
    int ias() {
        return Math.max(longTables() ? 40 : 0, wideTables() ? oas() : 0);
    }

    boolean granule(int shift) {
        return shift != 0 && bit(idr5, shift == 12 ? 4 : shift == 14 ? 5 : 6);
    }

    boolean ds() {
        return bit(idr5, 7);
    }

    boolean wideInput() {
        return bits(idr5, 11, 10) >= 1;
    }

    boolean enabled() {
        return bit(cr0, 0);
    }

    boolean atsCheck() {
        return bit(cr0, 4);
    }

    boolean e2h() {
        return bit(cr2, 0);
    }

    boolean recordBadStream() {
        return bit(cr2, 1);
    }

    /** CR2.REC_CFG_ATS, which is RES0 without IDR0.ATSRECERR. */
    boolean recordAts() {
        return bit(cr2, 3) && bit(idr0, 23);
    }
}
