// Programs that are trusted: their answers and their failures.
#include <string>

#include "app/process/run_program.h"
#include "support/catch.h"

using app::run_program;

TEST_CASE("a program's answer, whatever its size, and its failures") {
  const std::string large(3'000'000, 'x');
  CHECK(run_program({"cat"}, large).value() == large);
  CHECK(run_program({"true"}, large).value().empty());
  CHECK_FALSE(run_program({"false"}, ""));
  CHECK_FALSE(run_program({"rigpilot-there-is-no-such-program"}, ""));
}
