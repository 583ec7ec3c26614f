// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/** A file's objects; a new one gets the lowest number from 1 on that is free. */
final class ObjectTable {
    private final TreeMap<Integer, IommufdObject> objects = new TreeMap<>();

    /** Adds one. */
    void add(IommufdObject object) {
        int id = 1;
        while (objects.containsKey(id)) {
            id++;
        }
        object.id(id);
        objects.put(id, object);
    }

    /** Another object takes the number of one. */
    void replace(IommufdObject old, IommufdObject by) {
        by.id(old.id());
        objects.put(by.id(), by);
    }

    /** Whatever has a number, or null. */
    @Nullable
    IommufdObject get(int id) {
        return objects.get(id);
    }

    /** ENOENT if there is none of that number, or of another type. */
    <T extends IommufdObject> Result<T> find(int id, Class<T> type) {
        IommufdObject found = objects.get(id);
        return type.isInstance(found)
                ? Result.ok(type.cast(found))
                : Result.err(Errno.ENOENT, type.getSimpleName() + " " + Integer.toUnsignedString(id));
    }

    /** ENOENT if there is none of that number, EBUSY if something needs it. */
    Result<Done> destroy(int id) {
        IommufdObject found = objects.get(id);
        if (found == null) {
            return Result.err(Errno.ENOENT, "object " + Integer.toUnsignedString(id));
        }
        if (found.isUsed()) {
            return Result.err(Errno.EBUSY, found + " is needed");
        }
        remove(found);
        return Result.done();
    }

    /** Destroys one that nothing needs. */
    void remove(IommufdObject object) {
        objects.remove(object.id());
        object.destroyed();
    }

    /** Destroys all, those first that nothing needs. */
    void clear() {
        boolean progress = true;
        while (progress) {
            List<IommufdObject> free = new ArrayList<>(objects.values());
            free.removeIf(IommufdObject::isUsed);
            free.forEach(this::remove);
            progress = !free.isEmpty();
        }
        if (!objects.isEmpty()) {
            throw new IllegalStateException("objects need each other: " + objects.values());
        }
    }

    boolean isEmpty() {
        return objects.isEmpty();
    }

    /** All, by number. */
    List<IommufdObject> all() {
        return List.copyOf(objects.values());
    }
}
