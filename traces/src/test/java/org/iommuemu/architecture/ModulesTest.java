// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The modules above the core. That the core knows none of them follows from the build; the rest is pinned here. */
@AnalyzeClasses(packages = "org.iommuemu", importOptions = ImportOption.DoNotIncludeTests.class)
class ModulesTest {
    private static final String[] DEVICES = {
        "org.iommuemu.pcie..", "org.iommuemu.ats..", "org.iommuemu.device..", "org.iommuemu.platform.."
    };

    @ArchTest
    static final ArchRule nobodyUsesTheCommandLine = noClasses()
            .that()
            .resideOutsideOfPackage("org.iommuemu.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.iommuemu.cli..")
            .because("whatever a command can do, a library user can do too")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule noCyclesBetweenPackages =
            slices().matching("org.iommuemu.(*)..").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule specsAreLayoutsOnly = classes()
            .that()
            .resideInAPackage("..spec..")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage("..spec..", "org.iommuemu.bits..", "java..", "org.jspecify..")
                    .as("live in spec, bits or the JDK"))
            .because("layouts stand apart from behaviour")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule devicesAreSilent = noClasses()
            .that()
            .resideInAnyPackage(DEVICES)
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .because("a device is part of the model")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule devicesDoNotReadTheHostsClock = noClasses()
            .that()
            .resideInAnyPackage(DEVICES)
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Random")
            .because("a device is part of the model")
            .allowEmptyShould(true);
}
