#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace base {

struct Logger::State {
  std::shared_ptr<spdlog::logger> out;
  Sink sink;
};

std::optional<LogLevel> parse_log_level(std::string_view name) {
  if (name == "error") return LogLevel::Error;
  if (name == "warning") return LogLevel::Warning;
  if (name == "info") return LogLevel::Info;
  if (name == "debug") return LogLevel::Debug;
  return std::nullopt;
}

Logger::Logger(LogLevel most) : most_(most), state_(std::make_unique<State>()) {
  state_->out = std::make_shared<spdlog::logger>("rigpilot", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  state_->out->set_pattern("%H:%M:%S.%e %l %v");
  state_->out->set_level(spdlog::level::trace);
  state_->out->flush_on(spdlog::level::trace);
}
Logger::~Logger() = default;
Logger::Logger(Logger&&) noexcept = default;
Logger& Logger::operator=(Logger&&) noexcept = default;

void Logger::set_sink(Sink sink) { state_->sink = std::move(sink); }

void Logger::write(LogLevel level, std::string_view text) const {
  const auto to = [&] {
    switch (level) {
      case LogLevel::Error: return spdlog::level::err;
      case LogLevel::Warning: return spdlog::level::warn;
      case LogLevel::Info: return spdlog::level::info;
      case LogLevel::Debug: return spdlog::level::debug;
    }
    return spdlog::level::info;
  }();
  state_->out->log(to, "{}", text);
  if (state_->sink) state_->sink(level, text);
}

}  // namespace base
