// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The jars of Spark, started as its scripts would start them. Only these jars are on the class path, as on a cluster. */
final class SparkHome {
    static final Path HOME = Path.of(System.getProperty("spark.home"));
    static final Path JOB_JAR = Path.of(System.getProperty("job.jar"));

    /** Its class path. */
    static final String JARS = HOME.resolve("jars") + "/*";

    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    /** What Spark's own launcher would add. */
    private static final List<String> MODULE_OPTIONS =
            List.of(org.apache.spark.launcher.JavaModuleOptions.defaultModuleOptions()
                    .trim()
                    .split(" +"));

    private SparkHome() {}

    /** Starts a main class of Spark with the options that its scripts give; output in {@code name.out}, {@code name.err}. */
    static LoggedProcess start(String name, Path folder, String mainClass, List<String> arguments) throws IOException {
        return start(name, folder, List.of(), mainClass, arguments);
    }

    /** The same with options of the JVM, of which the later ones count. */
    static LoggedProcess start(
            String name, Path folder, List<String> javaOptions, String mainClass, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(JAVA);
        command.addAll(MODULE_OPTIONS);
        command.addAll(List.of("-Xmx512m", "-Djava.io.tmpdir=" + folder, "-cp", JARS));
        command.addAll(javaOptions);
        command.add(mainClass);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment()
                .putAll(Map.of(
                        "SPARK_HOME",
                        HOME.toString(),
                        "SPARK_SCALA_VERSION",
                        "2.13",
                        "SPARK_LOCAL_IP",
                        "127.0.0.1",
                        "JAVA_HOME",
                        System.getProperty("java.home")));
        // A user's own would be seen by the children.
        List.of("SPARK_CONF_DIR", "SPARK_MASTER", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "JDK_JAVA_OPTIONS")
                .forEach(builder.environment()::remove);
        return LoggedProcess.start(builder, folder.resolve(name + ".out"), folder.resolve(name + ".err"));
    }
}
