// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.spec.TranslationEntry;

/** What scenarios can ask of a TLP, as text. */
final class MessageFields {
    private static final Set<String> FLAGS =
            Set.of("global", "read", "write", "execute", "privileged", "last", "poisoned");
    private static final Set<String> WORDS = Set.of("status", "code", "type", "permissions");
    private static final String NONE = "none";

    private MessageFields() {}

    /** The fields of a kind. */
    static Set<String> names(TlpKind kind) {
        return new TreeSet<>(
                switch (kind) {
                    case COMPLETION -> Set.of("status", "length", "poisoned");
                    case TRANSLATION_COMPLETION -> Set.of("status", "count", "address", "size", "permissions");
                    case INVALIDATE_REQUEST -> Set.of("itag", "pasid", "global", "address", "size");
                    case INVALIDATE_COMPLETION -> Set.of("itags", "count");
                    case PAGE_REQUEST ->
                        Set.of("address", "pasid", "read", "write", "execute", "privileged", "last", "group");
                    case PRG_RESPONSE -> Set.of("group", "code", "pasid");
                    default -> Set.of("address", "length", "pasid", "type");
                });
    }

    /** What a step says of a field. */
    static String expected(JsonObject json, String name) {
        if (FLAGS.contains(name)) {
            return String.valueOf(json.flag(name));
        }
        boolean noPasid = name.equals("pasid") && DeviceStep.isText(json, name, NONE);
        return noPasid || WORDS.contains(name) ? json.text(name) : hex(json.number(name));
    }

    /** What a TLP has. */
    static Map<String, String> of(Tlp tlp) {
        Map<String, String> fields = new LinkedHashMap<>();
        if (tlp instanceof Tlp.MemoryRequest r) {
            fields.put("address", hex(r.address()));
            fields.put("length", hex(r.bytes()));
            fields.put("pasid", pasid(r.pasid()));
            fields.put("type", lower(r.type()));
        } else if (tlp instanceof Tlp.Completion c) {
            completion(c, fields);
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            fields.put("itag", hex(i.itag()));
            fields.put("pasid", pasid(i.pasid()));
            fields.put("global", String.valueOf(i.global()));
            fields.put("address", hex(i.address()));
            fields.put("size", hex(i.log2Bytes()));
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            fields.put("itags", hex(c.itags() & 0xFFFF_FFFFL));
            fields.put("count", hex(c.count()));
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            PageRequest p = m.request();
            fields.put("address", hex(p.address()));
            fields.put("pasid", pasid(p.substreamId()));
            fields.put("read", String.valueOf(p.read()));
            fields.put("write", String.valueOf(p.write()));
            fields.put("execute", String.valueOf(p.execute()));
            fields.put("privileged", String.valueOf(p.privileged()));
            fields.put("last", String.valueOf(p.last()));
            fields.put("group", hex(p.group()));
        } else if (tlp instanceof Tlp.PrgResponse p) {
            fields.put("group", hex(p.response().group()));
            fields.put("code", lower(p.response().code()));
            fields.put("pasid", pasid(p.response().substreamId()));
        }
        return fields;
    }

    private static void completion(Tlp.Completion c, Map<String, String> fields) {
        fields.put("status", lower(c.status()));
        fields.put("length", hex(c.data().length));
        fields.put("poisoned", String.valueOf(c.poisoned()));
        if (c.kind() == TlpKind.TRANSLATION_COMPLETION) {
            fields.put("count", hex(c.data().length / TranslationEntry.BYTES));
            if (c.data().length >= TranslationEntry.BYTES) {
                long entry = entry(c.data());
                fields.put("address", hex(TranslationEntry.address(entry)));
                fields.put("size", hex(TranslationEntry.pageShift(entry)));
                fields.put("permissions", permissions(entry));
            }
        }
    }

    /** The first translation. */
    static long entry(byte[] data) {
        long entry = 0;
        for (int i = 0; i < TranslationEntry.BYTES; i++) {
            entry |= (data[i] & 0xFFL) << Byte.SIZE * i;
        }
        return entry;
    }

    private static String permissions(long entry) {
        return (TranslationEntry.R.isSet(entry) ? "r" : "-")
                + (TranslationEntry.W.isSet(entry) ? "w" : "-")
                + (TranslationEntry.EXE.isSet(entry) ? "x" : "-")
                + (TranslationEntry.PRIV.isSet(entry) ? "p" : "");
    }

    private static String pasid(int pasid) {
        return pasid == Transaction.NO_SUBSTREAM ? NONE : hex(pasid);
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
