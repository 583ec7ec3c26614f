// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.iommuemu.sweep.Metric;
import org.iommuemu.sweep.PointResult;
import org.iommuemu.sweep.SweepCsv;
import org.iommuemu.sweep.SweepPlan;
import org.iommuemu.sweep.SweepResults;
import org.jspecify.annotations.Nullable;

/**
 * Results as a table of Spark SQL: the columns of {@link SweepCsv}, by the same names. Whole numbers are {@code bigint}, others
 * {@code decimal} with the digits that the CSV has, everything else is {@code string}; what is empty there is null here.
 */
final class ResultTable {
    private static final String NUMBER = "point";
    /** Of the largest long. */
    private static final int PRECISION = 19;

    private ResultTable() {}

    static StructType schema(SweepPlan plan) {
        StructType schema = new StructType();
        for (String name : SweepCsv.header(plan)) {
            schema = schema.add(new StructField(name, type(name), true, Metadata.empty()));
        }
        return schema;
    }

    private static DataType type(String name) {
        Metric metric = Metric.of(name);
        if (metric == null) {
            return name.equals(NUMBER) ? DataTypes.LongType : DataTypes.StringType;
        }
        int scale = new BigDecimal(metric.text(0)).scale();
        return scale == 0 ? DataTypes.LongType : DataTypes.createDecimalType(PRECISION, scale);
    }

    static List<Row> rows(SweepResults results) {
        StructType schema = schema(results.plan());
        List<Row> rows = new ArrayList<>();
        for (PointResult result : results.results()) {
            List<String> texts = SweepCsv.row(results.plan(), result);
            @Nullable Object[] values = new @Nullable Object[texts.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = value(texts.get(i), schema.fields()[i].dataType());
            }
            rows.add(RowFactory.create(values));
        }
        return rows;
    }

    private static @Nullable Object value(String text, DataType type) {
        if (text.isEmpty()) {
            return null;
        }
        if (type.equals(DataTypes.StringType)) {
            return text;
        }
        return type.equals(DataTypes.LongType) ? (Object) Long.valueOf(text) : new BigDecimal(text);
    }
}
