// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.vfio.spec.Bind;
import org.iommuemu.host.vfio.spec.BindProcess;
import org.iommuemu.host.vfio.spec.DeviceInfo;
import org.iommuemu.host.vfio.spec.DmaMap;
import org.iommuemu.host.vfio.spec.DmaUnmap;
import org.iommuemu.host.vfio.spec.GroupStatus;
import org.iommuemu.host.vfio.spec.IommuInfo;
import org.iommuemu.host.vfio.spec.SvmBind;
import org.iommuemu.host.vfio.spec.SvmPageTable;
import org.iommuemu.host.vfio.spec.SvmPasid;
import org.iommuemu.host.vfio.spec.SvmPasidTable;
import org.iommuemu.host.vfio.spec.VfioRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Fields of a structure follow each other without gaps, each where its size aligns it; request numbers are Linux'. */
class VfioLayoutsTest {
    static Stream<Arguments> structures() {
        return Stream.of(
                Arguments.of(Bind.class, 8, "argsz4 flags4"),
                Arguments.of(BindProcess.class, 12, "flags4 pasid4 pid4"),
                Arguments.of(SvmBind.class, 12, "argsz4 flags4 length4"),
                Arguments.of(SvmPasidTable.class, 12, "base_gpa8 pasid_bits1 format1 rsvd2"),
                Arguments.of(SvmPasid.class, 8, "pasid4 pid4"),
                Arguments.of(SvmPageTable.class, 24, "gpgd8 pasid4 addr_width4 attributes8"),
                Arguments.of(DmaMap.class, 32, "argsz4 flags4 vaddr8 iova8 size8"),
                Arguments.of(DmaUnmap.class, 24, "argsz4 flags4 iova8 size8"),
                Arguments.of(IommuInfo.class, 16, "argsz4 flags4 iova_pgsizes8"),
                Arguments.of(GroupStatus.class, 8, "argsz4 flags4"),
                Arguments.of(DeviceInfo.class, 16, "argsz4 flags4 num_regions4 num_irqs4"));
    }

    @ParameterizedTest
    @MethodSource("structures")
    void shouldLayStructuresOutAsLinuxDoes(Class<?> structure, int bytes, String declared) throws Exception {
        List<StructureField> fields = Arrays.stream(structure.getFields())
                .filter(f -> f.getType() == StructureField.class)
                .map(f -> {
                    try {
                        return (StructureField) f.get(null);
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                })
                .toList();

        StringBuilder found = new StringBuilder();
        int offset = 0;
        for (StructureField f : fields) {
            assertThat(f.offset()).isEqualTo(offset);
            assertThat(f.offset() % f.bytes()).isZero();
            found.append(offset == 0 ? "" : " ").append(f.name()).append(f.bytes());
            offset = f.end();
        }

        assertThat(found).hasToString(declared);
        assertThat(offset).isEqualTo(bytes);
    }

    @Test
    void shouldNumberRequestsAsLinuxDoes() {
        assertThat(VfioRequest.GET_API_VERSION).isEqualTo(0x3B64);
        assertThat(VfioRequest.CHECK_EXTENSION).isEqualTo(0x3B65);
        assertThat(VfioRequest.SET_IOMMU).isEqualTo(0x3B66);
        assertThat(VfioRequest.GROUP_GET_STATUS).isEqualTo(0x3B67);
        assertThat(VfioRequest.GROUP_SET_CONTAINER).isEqualTo(0x3B68);
        assertThat(VfioRequest.GROUP_UNSET_CONTAINER).isEqualTo(0x3B69);
        assertThat(VfioRequest.GROUP_GET_DEVICE_FD).isEqualTo(0x3B6A);
        assertThat(VfioRequest.DEVICE_GET_INFO).isEqualTo(0x3B6B);
        assertThat(VfioRequest.IOMMU_GET_INFO).isEqualTo(0x3B70);
        assertThat(VfioRequest.IOMMU_MAP_DMA).isEqualTo(0x3B71);
        assertThat(VfioRequest.IOMMU_UNMAP_DMA).isEqualTo(0x3B72);
        assertThat(VfioRequest.IOMMU_BIND).isEqualTo(0x3B7A);
        assertThat(VfioRequest.IOMMU_UNBIND).isEqualTo(0x3B7B);
        assertThat(VfioRequest.IOMMU_SVM_BIND_TASK).isEqualTo(0x3B7A);
    }
}
