// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** An application for spark-submit: prints the types of a Parquet table, then its rows as CSV. */
public final class ParquetDump {
    private ParquetDump() {}

    /** Prints the table in the folder that is the first argument. */
    public static void main(String[] args) throws IOException {
        try (SparkSession session = SparkSession.builder().getOrCreate()) {
            PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            Dataset<Row> table = session.read().parquet(args[0]);
            out.println(table.schema().toDDL());
            out.println(String.join(",", table.columns()));
            for (Row row : table.orderBy(functions.col("point")).collectAsList()) {
                StringBuilder line = new StringBuilder();
                for (int i = 0; i < row.size(); i++) {
                    line.append(i == 0 ? "" : ",").append(quoted(text(row.get(i))));
                }
                out.println(line);
            }
        }
    }

    private static String text(Object value) {
        if (value == null) {
            return "";
        }
        return value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString();
    }

    private static String quoted(String text) {
        return text.contains(",") || text.contains("\"") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }
}
