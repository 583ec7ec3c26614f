// SPDX-License-Identifier: Apache-2.0
/**
 * Building blocks of a page that is one file: {@link org.iommuemu.report.html.Page} around tables and charts, all written through
 * {@link org.iommuemu.report.html.Markup}, which escapes everything. Charts are inline SVG; there are no scripts, and the page forbids
 * itself every request. The same input gives the same bytes, whatever the host's locale and clock. Start reading at {@code LineChart}.
 */
@NullMarked
package org.iommuemu.report.html;

import org.jspecify.annotations.NullMarked;
