// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.Map;
import java.util.Set;

/** What keeps the model deterministic and silent: the same input and seed give the same output on every machine. */
final class ModelRules {
    /** Methods that read the host's clock, by class. */
    private static final Map<String, Set<String>> CLOCKS = Map.of(
            "java.lang.System", Set.of("currentTimeMillis", "nanoTime"),
            "java.time.Clock", Set.of("system", "systemUTC", "systemDefaultZone", "tick", "tickMillis", "tickSeconds"),
            "java.lang.Thread", Set.of("sleep"));

    /** Generators that cannot be seeded, or whose name does not say that they are. */
    private static final Set<String> RANDOMNESS = Set.of(
            "java.util.Random",
            "java.security.SecureRandom",
            "java.util.concurrent.ThreadLocalRandom",
            "java.util.random.RandomGeneratorFactory");

    static final ArchRule NO_STANDARD_STREAMS = GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS
            .because("the model speaks through records and counters")
            .allowEmptyShould(true);

    static final ArchRule NO_LOGGING = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.util.logging..", "org.slf4j..")
            .because("the model speaks through records and counters")
            .allowEmptyShould(true);

    static final ArchRule NO_HOST_CLOCK = noClasses()
            .should()
            .accessTargetWhere(describe("the target reads the host's clock", ModelRules::readsHostClock))
            .because("the model has its own time")
            .allowEmptyShould(true);

    static final ArchRule NO_UNSEEDED_RANDOMNESS = noClasses()
            .should()
            .accessTargetWhere(describe("the target is random without a seed of ours", ModelRules::isUnseeded))
            .orShould()
            .dependOnClassesThat(DescribedPredicate.describe(
                    "are random number generators of the host", type -> RANDOMNESS.contains(type.getFullName())))
            .because("every run can be repeated")
            .allowEmptyShould(true);

    private ModelRules() {}

    private static boolean readsHostClock(final JavaAccess<?> access) {
        final String owner = access.getTargetOwner().getFullName();
        final String name = access.getTarget().getName();
        // Instant.now(), LocalDate.now(), Year.now() ...
        return CLOCKS.getOrDefault(owner, Set.of()).contains(name)
                || owner.startsWith("java.time.") && "now".equals(name)
                || "java.util.Date".equals(owner) && isNoArgumentConstructor(access);
    }

    private static boolean isUnseeded(final JavaAccess<?> access) {
        final String owner = access.getTargetOwner().getFullName();
        final String name = access.getTarget().getName();
        return "java.lang.Math".equals(owner) && "random".equals(name)
                || "java.util.UUID".equals(owner) && "randomUUID".equals(name)
                || "java.util.SplittableRandom".equals(owner) && isNoArgumentConstructor(access);
    }

    private static boolean isNoArgumentConstructor(final JavaAccess<?> access) {
        return access.getTarget().getFullName().endsWith(".<init>()");
    }
}
