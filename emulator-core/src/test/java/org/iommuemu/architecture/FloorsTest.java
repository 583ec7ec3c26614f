// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;

/**
 * The floors of the house: an upper floor may use a lower one, never the reverse. A floor that has no classes yet breaks
 * no rule, but a package that stands on no floor does: a new package is added here first.
 */
@AnalyzeClasses(packages = FloorsTest.ROOT, importOptions = ImportOption.DoNotIncludeTests.class)
class FloorsTest {
    static final String ROOT = "org.iommuemu";

    /** Packages by floor, ground floor first. */
    private static final List<List<String>> FLOORS = List.of(
            List.of("bits", "memory", "time"),
            List.of("cache", "paging"),
            List.of("iommu"),
            List.of("smmuv3", "vtd"),
            List.of("host"));

    @ArchTest
    static void shouldUseOnlyTheSameOrLowerFloors(final JavaClasses core) {
        for (int floor = 0; floor < FLOORS.size() - 1; floor++) {
            noClasses()
                    .that()
                    .resideInAnyPackage(packages(FLOORS.subList(floor, floor + 1)))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(packages(FLOORS.subList(floor + 1, FLOORS.size())))
                    .because("floor " + floor + " carries the floors above it and must not know them")
                    .allowEmptyShould(true)
                    .check(core);
        }
    }

    @ArchTest
    static final ArchRule everyClassStandsOnAFloor = classes()
            .should()
            .resideInAnyPackage(packages(FLOORS))
            .because("a new package needs a floor: see FLOORS")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule noCyclesBetweenPackages = slices().matching(ROOT + ".(*)..")
            .should()
            .beFreeOfCycles()
            .because("also neighbours on one floor need an order")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule smmuv3DoesNotKnowVtd = noClasses()
            .that()
            .resideInAPackage(ROOT + ".smmuv3..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".vtd..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule vtdDoesNotKnowSmmuv3 = noClasses()
            .that()
            .resideInAPackage(ROOT + ".vtd..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ROOT + ".smmuv3..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule specsAreLayoutsOnly = classes()
            .that()
            .resideInAPackage("..spec..")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage("..spec..", ROOT + ".bits..", "java..", "org.jspecify..")
                    .as("live in spec, bits or the JDK"))
            .because("layouts stand apart from behaviour")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule noStandardStreams = ModelRules.NO_STANDARD_STREAMS;

    @ArchTest
    static final ArchRule noLogging = ModelRules.NO_LOGGING;

    @ArchTest
    static final ArchRule noHostClock = ModelRules.NO_HOST_CLOCK;

    @ArchTest
    static final ArchRule noUnseededRandomness = ModelRules.NO_UNSEEDED_RANDOMNESS;

    /** Rooms of the host's floor, each of which knows only those before it; the interfaces do not know each other. */
    private static final List<List<String>> HOST = List.of(
            List.of("call"), List.of("process"), List.of("control"), List.of("vfio", "guest", "ioasid", "iommufd"));

    @ArchTest
    static void shouldUseOnlyLowerRoomsOfTheHost(final JavaClasses core) {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".host")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + ".host.*..")
                .check(core);
        for (int room = 0; room < HOST.size(); room++) {
            for (String name : HOST.get(room)) {
                noClasses()
                        .that()
                        .resideInAPackage(ROOT + ".host." + name + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(notBelow(room, name))
                        .allowEmptyShould(true)
                        .check(core);
            }
        }
    }

    private static String[] notBelow(final int room, final String name) {
        return HOST.subList(room, HOST.size()).stream()
                .flatMap(List::stream)
                .filter(n -> !n.equals(name))
                .map(n -> ROOT + ".host." + n + "..")
                .toArray(String[]::new);
    }

    private static String[] packages(final List<List<String>> floors) {
        return floors.stream()
                .flatMap(List::stream)
                .map(name -> ROOT + "." + name + "..")
                .toArray(String[]::new);
    }
}
