// Tests of clever_format.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>

#include "base/error.h"
#include "render/render.h"

namespace thoplw {

TEST_CASE("clever_format divides by 1000 until less than 1000 is left, after rounding") {
  struct Case {
    Count value;
    std::string_view format, expected;
  };
  for (const Case& row : {
           Case{1824010216, "%.3f", "1.824 G"},  // / 10^9
           Case{1824010216, "%6.2f", "  1.82 G"},
           Case{11699112, "%.3f", "11.699 M"},  // / 10^6
           Case{0, "%6.2f", "  0.00"},
           Case{999, "%.1f", "999.0"},
           Case{1000, "%.2f", "1.00 K"},
           Case{999999, "%.2f", "1.00 M"},  // 999.999 K rounds to 1000.00 K
           Case{999994, "%.2f", "999.99 K"},
           Case{999499, "%.0f", "999 K"},
           Case{999500, "%.0f", "1 M"},
           Case{999600, "%.3g", "1 M"},           // 999.6 K at three digits is 1e+03 K
           Case{999, "%.0e", "1e+00 K"},          // 9.99e+02 at one digit is 1e+03
           Case{1500000000000, "%.1f", "1.5 T"},  // / 10^12
           Case{1500000000000000, "%.1f", "1.5 P"},
           Case{std::uint64_t{18446744073709551615u}, "%.2f", "18.45 E"},  // 2^64 - 1, / 10^18
           Case{1500, "%08.2f", "00001.50 K"},
           Case{1500, "%-8.2f|", "1.50    | K"},
           Case{1500, "%+.1f", "+1.5 K"},
           Case{1500, "about %.1f", "about 1.5 K"},
           Case{1500, "%.1f%%", "1.5% K"},
           Case{1500, "%F", "1.500000 K"},
       }) {
    CAPTURE(row.format);
    CHECK(clever_format(row.value, std::string(row.format)) == row.expected);
  }
}

TEST_CASE("clever_format takes only a printf format of one real number") {
  for (const char* format : {"", "x", "%", "%%", "%d", "%s", "%n", "%lf", "%*f", "%.2f %.2f", "%.*f", "%.2", "%2$f",
                             "%100f", "%.100f", "%9999999999999999999f", "%6.2f%", "%f%n", "{}"}) {
    CAPTURE(format);
    CHECK_THROWS_WITH_AS(
        clever_format(1, format),
        ("'" + std::string(format) + "' is no printf format of one real number: give one such as '%6.2f' or '%.3g'")
            .c_str(),
        Error);
  }
}

}  // namespace thoplw
