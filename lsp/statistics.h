// statistics.h: what became of suggestions while the server ran: answered, shown, accepted, and how long they took.
// The handlers report events by the item's id; figures() is what an editor shows. In memory only; holds no text.
// Main loop only. What an editor does not tell (most do not say what they show) is not guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace lsp {

// What must be known of an item to count its characters later.
struct OfferedItem {
  std::string id;
  std::size_t new_characters = 0;  // code points
  std::size_t typed_units = 0;     // UTF-16 units of its text that stand in the document already
};

struct Figures {
  std::int64_t requests = 0, offered = 0, from_ready = 0;
  std::int64_t shown = 0, accepted = 0, partly_accepted = 0, accepted_characters = 0, dismissed = 0;
  double median_ms = 0, p95_ms = 0;  // of the latest answers with a suggestion
};

class Statistics {
 public:
  void requested() { ++figures_.requests; }
  void offered(const OfferedItem& item, double ms, bool from_ready);
  void shown(const std::string& id);
  void dismissed(const std::string& id);
  void accepted(const std::string& id);
  void accepted_to(const std::string& id, std::size_t units);  // UTF-16 units from the start of the item's text

  Figures figures() const;

 private:
  struct Known {
    OfferedItem item;
    bool shown = false, accepted = false, partly = false, dismissed = false;
    std::size_t counted = 0;  // characters, of a part
  };
  Known* find(const std::string& id);

  Figures figures_;
  std::map<std::string, Known> known_;
  std::deque<std::string> order_;  // of known_, the oldest first
  std::deque<double> latencies_;
};

}  // namespace lsp
