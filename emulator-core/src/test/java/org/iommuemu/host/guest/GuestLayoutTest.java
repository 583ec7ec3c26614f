// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.guest.spec.CacheInvalidateInfo;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.GpasidBindData;
import org.iommuemu.host.guest.spec.GuestRequests;
import org.iommuemu.host.guest.spec.PasidRequestLayout;
import org.junit.jupiter.api.Test;

/** Layouts against members in the order of the header's declarations, laid out as C compilers for 64 bits do. */
class GuestLayoutTest {
    private static final Map<String, Integer> SIZES = Map.of("u8", 1, "u16", 2, "u32", 4, "u64", 8);

    /** Offsets by names, and "" for the whole size. Members are a type and a name each; arrays have their count behind a type. */
    private static Map<String, Integer> c(String... members) {
        Map<String, Integer> offsets = new TreeMap<>();
        int at = 0;
        int most = 1;
        for (String member : members) {
            String[] words = member.split("[ *]");
            int size = SIZES.getOrDefault(words[0], 0);
            int count = words.length == 3 ? Integer.parseInt(words[1]) : 1;
            at = (at + size - 1) / size * size;
            most = Math.max(most, size);
            offsets.put(words[words.length - 1], at);
            at += size * count;
        }
        offsets.put("", (at + most - 1) / most * most);
        return offsets;
    }

    private static void assertLaidOut(Map<String, Integer> expected, StructureField field, String member) {
        assertThat(field.offset()).as(member).isEqualTo(expected.get(member));
    }

    @Test
    void shouldLayOutABind() {
        Map<String, Integer> c = c(
                "u32 argsz",
                "u32 version",
                "u32 format",
                "u32 addr_width",
                "u64 flags",
                "u64 gpgd",
                "u64 hpasid",
                "u64 gpasid",
                "u8*8 padding",
                "u64 vtd_flags",
                "u32 pat",
                "u32 emt");

        assertLaidOut(c, GpasidBindData.ARGSZ, "argsz");
        assertLaidOut(c, GpasidBindData.VERSION, "version");
        assertLaidOut(c, GpasidBindData.FORMAT, "format");
        assertLaidOut(c, GpasidBindData.ADDR_WIDTH, "addr_width");
        assertLaidOut(c, GpasidBindData.BIND_FLAGS, "flags");
        assertLaidOut(c, GpasidBindData.GPGD, "gpgd");
        assertLaidOut(c, GpasidBindData.HPASID, "hpasid");
        assertLaidOut(c, GpasidBindData.GPASID, "gpasid");
        assertLaidOut(c, GpasidBindData.PADDING, "padding");
        assertLaidOut(c, GpasidBindData.VTD_FLAGS, "vtd_flags");
        assertLaidOut(c, GpasidBindData.VTD_PAT, "pat");
        assertLaidOut(c, GpasidBindData.VTD_EMT, "emt");
        assertThat(GpasidBindData.BYTES).isEqualTo(c.get(""));
        assertThat(GpasidBindData.GENERIC_BYTES).isEqualTo(c.get("vtd_flags"));
    }

    @Test
    void shouldLayOutAnInvalidation() {
        Map<String, Integer> c = c(
                "u32 argsz",
                "u32 version",
                "u8 cache",
                "u8 granularity",
                "u8*6 padding",
                "u32 flags",
                "u32 archid",
                "u64 pasid",
                "u64 addr",
                "u64 granule_size",
                "u64 nb_granules");

        assertLaidOut(c, CacheInvalidateInfo.CACHE, "cache");
        assertLaidOut(c, CacheInvalidateInfo.GRANULARITY, "granularity");
        assertLaidOut(c, CacheInvalidateInfo.PADDING_LOW, "padding");
        assertThat(CacheInvalidateInfo.PADDING_LOW.end()).isEqualTo(CacheInvalidateInfo.PADDING_HIGH.offset());
        assertThat(CacheInvalidateInfo.PADDING_HIGH.end()).isEqualTo(CacheInvalidateInfo.HEAD_BYTES);
        assertLaidOut(c, CacheInvalidateInfo.INFO_FLAGS, "flags");
        assertLaidOut(c, CacheInvalidateInfo.ARCHID, "archid");
        assertLaidOut(c, CacheInvalidateInfo.INFO_PASID, "pasid");
        assertLaidOut(c, CacheInvalidateInfo.ADDRESS, "addr");
        assertLaidOut(c, CacheInvalidateInfo.GRANULE_SIZE, "granule_size");
        assertLaidOut(c, CacheInvalidateInfo.NB_GRANULES, "nb_granules");
        assertThat(CacheInvalidateInfo.PASID_END).isEqualTo(c.get("addr"));
        assertThat(CacheInvalidateInfo.BYTES).isEqualTo(c.get("")).isEqualTo(56);
    }

    @Test
    void shouldLayOutAPasidRequest() {
        Map<String, Integer> c = c("u32 argsz", "u32 flags", "u32 min", "u32 max", "u32 result");

        assertLaidOut(c, PasidRequestLayout.MIN, "min");
        assertLaidOut(c, PasidRequestLayout.MAX, "max");
        assertLaidOut(c, PasidRequestLayout.RESULT, "result");
        assertLaidOut(c, PasidRequestLayout.FREE_PASID, "min");
        assertThat(PasidRequestLayout.UNION_BYTES).isEqualTo(c.get(""));
        assertThat(PasidRequestLayout.RANGE_BYTES).isEqualTo(c.get("result"));
        assertThat(CarrierLayout.DATA).isEqualTo(c.get("min"));
    }

    @Test
    void shouldHaveTheNumbersOfTheFirstPosting() {
        assertThat(List.of(GuestRequests.PASID_REQUEST, GuestRequests.BIND, GuestRequests.CACHE_INVALIDATE))
                .containsExactly(0x3B7A, 0x3B7B, 0x3B7C);
    }
}
