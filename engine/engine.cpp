#include "engine/engine.h"

namespace engine {

const char* stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::EndToken: return "end";
    case StopReason::MaxTokens: return "length";
    case StopReason::ContextFull: return "context";
    case StopReason::Caller: return "caller";
    case StopReason::Cancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace engine
