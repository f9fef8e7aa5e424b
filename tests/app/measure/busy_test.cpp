// A machine kept busy holds nothing of the program that keeps it so.
#include <poll.h>
#include <unistd.h>

#include "app/measure/busy.h"
#include "support/catch.h"

TEST_CASE("busy: whoever waits for the end of a pipe gets it while the machine is busy") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const app::BusyMachine busy(2);
  REQUIRE(busy.size() == 2);
  ::close(ends[1]);
  pollfd waiting{ends[0], POLLIN, 0};
  REQUIRE(::poll(&waiting, 1, 10'000) == 1);
  CHECK((waiting.revents & POLLHUP) != 0);
  ::close(ends[0]);
}
