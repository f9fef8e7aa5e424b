#include "engine/train/schedule.h"

#include "support/catch.h"

using engine::Schedule;

TEST_CASE("warm-up rises to the peak; WSD stays there and falls in a line; a cosine falls all the way") {
  const Schedule wsd{.peak = 1, .steps = 100, .warmup = 10, .decay = 20};
  CHECK(wsd.at(0) == Approx(0.1));
  CHECK(wsd.at(9) == Approx(1));
  CHECK(wsd.at(50) == 1);
  CHECK(wsd.at(79) == 1);
  CHECK(wsd.at(89) == Approx(0.5));
  CHECK(wsd.at(99) == Approx(0));
  const Schedule cosine{.kind = Schedule::Kind::Cosine, .peak = 2, .steps = 110, .warmup = 10, .least = 0.1};
  CHECK(cosine.at(9) == Approx(2));
  CHECK(cosine.at(59) == Approx(2 * (0.1 + 0.9 * 0.5)));
  CHECK(cosine.at(109) == Approx(0.2));
  for (int step = 11; step < 110; ++step) CHECK(cosine.at(step) < cosine.at(step - 1));
}
