// Names of Gloo's classes, for libtorch's c10d/ProcessGroupGloo.hpp: PyTorch's packages hold Gloo itself but not its headers.
// Only pointers to these are held on our side; they are made, used and destroyed inside libtorch. No code is Gloo's.
#pragma once

namespace gloo::transport {

class Device {
 public:
  virtual ~Device() = default;
};

class UnboundBuffer {
 public:
  virtual ~UnboundBuffer() = default;
};

}  // namespace gloo::transport
