#include "base/float16.h"

#include <cmath>
#include <limits>

#include "support/catch.h"

TEST_CASE("float16: every half is the number its bits say") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = int(bits >> 10 & 31), fraction = int(bits & 1023);
    const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    const float got = base::half_to_float(static_cast<std::uint16_t>(bits));
    if (exponent == 31) {
      if (fraction == 0 ? !std::isinf(got) : !std::isnan(got)) FAIL(bits);
    } else if (double(got) != (bits & 0x8000 ? -magnitude : magnitude)) {
      FAIL(bits);
    }
    if (exponent != 31 && std::signbit(got) != ((bits & 0x8000) != 0)) FAIL(bits);
  }
}

TEST_CASE("float16: bfloat16 is the upper half of a float") {
  CHECK(base::bfloat16_to_float(0x3F80) == 1.0F);
  CHECK(base::bfloat16_to_float(0xC040) == -3.0F);
  CHECK(base::bfloat16_to_float(0x7F80) == std::numeric_limits<float>::infinity());
  CHECK(std::isnan(base::bfloat16_to_float(0x7FC0)));
}

TEST_CASE("float16: a float becomes the nearest bfloat16, ties to even") {
  for (const auto& [value, bits] : {std::pair{1.0F, 0x3F80}, {-3.0F, 0xC040}, {0.0F, 0}, {1.00390625F, 0x3F80}, {1.01171875F, 0x3F82}, {3.3961775e38F, 0x7F80}})
    CHECK(base::float_to_bfloat16(value) == bits);
  CHECK(std::isnan(base::bfloat16_to_float(base::float_to_bfloat16(NAN))));
}
