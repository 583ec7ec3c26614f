// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** The extended capability register (VT-d architecture 11.4.3). */
public final class ExtendedCapability {

    private static final Layout.Builder B = Layout.builder("ECAP", 1, "VT-d 11.4.3");
    /** Walks are coherent. */
    public static final BitField C = B.bit("C", 0);
    /** Queued invalidation. */
    public static final BitField QI = B.bit("QI", 1);
    /** Device TLBs. */
    public static final BitField DT = B.bit("DT", 2);
    /** Interrupt remapping. */
    public static final BitField IR = B.bit("IR", 3);
    /** 32-bit APIC ids. */
    public static final BitField EIM = B.bit("EIM", 4);
    /** Pass-through. */
    public static final BitField PT = B.bit("PT", 6);
    /** Snoop control. */
    public static final BitField SC = B.bit("SC", 7);
    /** Offset of IVA and IOTLB in units of 16 bytes. */
    public static final BitField IRO = B.field("IRO", 17, 8);
    /** Largest handle mask. */
    public static final BitField MHMV = B.field("MHMV", 23, 20);
    /** Memory types. */
    public static final BitField MTS = B.bit("MTS", 25);
    /** Nested translation. */
    public static final BitField NEST = B.bit("NEST", 26);
    /** Page requests. */
    public static final BitField PRS = B.bit("PRS", 29);
    /** Execute requests. */
    public static final BitField ERS = B.bit("ERS", 30);
    /** Supervisor requests. */
    public static final BitField SRS = B.bit("SRS", 31);
    /** No-write flag. */
    public static final BitField NWFS = B.bit("NWFS", 33);
    /** Extended accessed flag. */
    public static final BitField EAFS = B.bit("EAFS", 34);
    /** PASID width, less one. */
    public static final BitField PSS = B.field("PSS", 39, 35);
    /** PASIDs. */
    public static final BitField PASID = B.bit("PASID", 40);
    /** Invalidation throttle. */
    public static final BitField DIT = B.bit("DIT", 41);
    /** Page request drain. */
    public static final BitField PDS = B.bit("PDS", 42);
    /** Scalable mode. */
    public static final BitField SMTS = B.bit("SMTS", 43);
    /** Virtual commands. */
    public static final BitField VCS = B.bit("VCS", 44);
    /** Second-stage accessed and dirty. */
    public static final BitField SSADS = B.bit("SSADS", 45);
    /** Second stage in scalable mode. */
    public static final BitField SSTS = B.bit("SSTS", 46);
    /** First stage. */
    public static final BitField FSTS = B.bit("FSTS", 47);
    /** Snooped walks below PASID entries. */
    public static final BitField SMPWCS = B.bit("SMPWCS", 48);
    /** RID_PASID. */
    public static final BitField RPS = B.bit("RPS", 49);
    /** Performance monitor. */
    public static final BitField PMS = B.bit("PMS", 51);
    /** Abort-DMA mode. */
    public static final BitField ADMS = B.bit("ADMS", 52);
    /** RID_PRIV. */
    public static final BitField RPRIVS = B.bit("RPRIVS", 53);
    /** Host permission tables. */
    public static final BitField HPTS = B.bit("HPTS", 55);
    /** PASID on translated requests. */
    public static final BitField PTRS = B.bit("PTRS", 56);
    /** Separate I/O permissions. */
    public static final BitField SSIRWS = B.bit("SSIRWS", 57);
    /** Stop Markers. */
    public static final BitField SMS = B.bit("SMS", 58);
    /** Host permissions of 1 GiB. */
    public static final BitField HPT1GPS = B.bit("HPT1GPS", 59);
    /** RDTC register. */
    public static final BitField RDTS = B.bit("RDTS", 60);
    /** x2APIC format mandatory. */
    public static final BitField EIMER = B.bit("EIMER", 61);
    /** Interrupts blocked while remapping is off. */
    public static final BitField IRREQ = B.bit("IRREQ", 62);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private ExtendedCapability() {}
}
