// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.iommuemu.capture.InputException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code compare}: two runs row by row, or a table of some. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description =
                "Compares two result files of JMH (-rf json), row by row: the time of one operation, new to old, with the error"
                        + " that both 99.9 % errors give, and the same after division by each run's own yardstick.",
        footer = "Exit status: 0 done, 1 a row is above --fail-above, 2 bad usage or a bad file.")
public final class CompareCommand implements Callable<Integer> {
    private static final int ABOVE = 1;
    private static final int BAD_INPUT = 2;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "OLD.json NEW.json; with --table one or more.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "--fail-above",
            paramLabel = "RATIO",
            description = "Exit with 1 if a row's ratio is above this by more than its error, for example 1.10.")
    private @Nullable Double limit;

    @Option(names = "--table", description = "Print a Markdown table of the files, beside floors, aims and peers.")
    private boolean table;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** Runs the command and exits with its status. */
    public static void main(String[] args) {
        System.exit(run(utf8(System.out), utf8(System.err), args));
    }

    private static PrintWriter utf8(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /**
     * Runs the command.
     *
     * @return the exit status
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        int status = new CommandLine(new CompareCommand())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((e, a) -> {
                    String problem =
                            String.valueOf(e.getMessage()).lines().findFirst().orElse("bad usage");
                    err.println("compare: " + problem + "; see 'compare --help'");
                    return BAD_INPUT;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof InputException) {
                        err.println("compare: " + e.getMessage());
                        return BAD_INPUT;
                    }
                    throw e;
                })
                .execute(args);
        out.flush();
        err.flush();
        return status;
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (table) {
            if (limit != null) {
                throw new InputException("--fail-above with --table", "two files to compare");
            }
            new MarkdownTable(files.stream().map(ResultSet::read).toList()).print(out);
            return 0;
        }
        if (files.size() != 2) {
            throw new InputException(files.size() + " files", "OLD.json NEW.json, or --table");
        }
        if (limit != null && !(limit > 0)) {
            throw new InputException("--fail-above " + limit, "a ratio above 0");
        }
        return compare(ResultSet.read(files.get(0)), ResultSet.read(files.get(1)), out);
    }

    private int compare(ResultSet before, ResultSet after, PrintWriter out) {
        References references = new References();
        TextTable text = new TextTable();
        text.add("benchmark", "unit", "old", "new", "new/old", "±", "", "by yardstick", "B/op old", "new");
        List<String> above = new ArrayList<>();
        for (Row old : before.rows()) {
            Row row = after.find(old.key());
            if (row != null) {
                Comparison both = new Comparison(old, row);
                String yardstick = references.of(row).yardstick();
                double normalised =
                        Reference.multiple(row, after, yardstick) / Reference.multiple(old, before, yardstick);
                text.add(
                        old.key(),
                        unit(old, row),
                        old.scoreText(),
                        row.scoreText(),
                        TextTable.plain(both.ratio()),
                        TextTable.plain(both.error()),
                        both.verdict().label(),
                        TextTable.plain(normalised),
                        bytes(old),
                        bytes(row));
                if (limit != null && both.isAbove(limit)) {
                    above.add(old.key() + ": " + TextTable.plain(both.ratio()) + " ± " + TextTable.plain(both.error()));
                }
            }
        }
        text.print(out);
        listMissing("only in the old file", before, after, out);
        listMissing("only in the new file", after, before, out);
        above.forEach(row -> out.println("above " + limit + ": " + row));
        return above.isEmpty() ? 0 : ABOVE;
    }

    private static String unit(Row old, Row row) {
        return old.unit().equals(row.unit()) ? row.unit() : old.unit() + ", " + row.unit();
    }

    static String bytes(Row row) {
        return Double.isNaN(row.allocated()) ? "–" : String.format(Locale.ROOT, "%.0f", row.allocated());
    }

    private static void listMissing(String where, ResultSet in, ResultSet notIn, PrintWriter out) {
        for (Row row : in.rows()) {
            if (notIn.find(row.key()) == null) {
                out.println(where + ": " + row.key());
            }
        }
    }
}
