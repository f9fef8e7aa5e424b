#include "base/machine.h"

#include "support/catch.h"

TEST_CASE("machine: what every computer has") {
  const base::Machine machine = base::describe_machine();
  CHECK(machine.threads >= 1);
  CHECK(machine.cores >= 1);
  CHECK(machine.cores <= machine.threads);
  CHECK(machine.memory_bytes > (std::int64_t{1} << 20));
  CHECK(machine.available_bytes > 0);
  CHECK(machine.available_bytes <= machine.memory_bytes);
}

TEST_CASE("machine: memory is read at a speed that exists") {
  const double speed = base::measure_read_bandwidth();
  CHECK(speed > 1e7);   // a sanitizer's build is slow, but not slower than a disk
  CHECK(speed < 1e13);  // and a compiler that left the reading out would be found here
}
