// draft_length.h: how many drafted tokens to verify at once, by what verifying costs here and by how often such drafts were right.
// passed() tells the time of a pass of some rows, judged() what became of a draft; plan() gives the length that promises the most
// tokens a millisecond, 0: none. Drafts of a model (draft_model.h) cost steps of their own: drafted() and read() tell their times, and
// goes_on() and worth_verifying() decide token by token, by how sure the model was. Kept for as long as the model is: it learns the machine,
// the models and what the user writes.
// A value; engine thread. Leviathan et al.: "Fast Inference from Transformers via Speculative Decoding", 2022 (arXiv 2211.17192).
#pragma once

#include <array>
#include <cstdint>

#include "engine/ngram/drafter.h"

namespace engine {

struct DraftPlan {
  std::size_t length = 0;
  double speed = 0;  // tokens a ms that it promises
};

// What a draft model has yet to read before it can draft, and how many tokens are to be written, which share that cost.
struct DraftLag {
  std::size_t tokens = 0, shared_by = 1;
};

class DraftLength {
 public:
  DraftLength();

  // The share of drafted tokens that were right, given that those before them were.
  double acceptance(DraftSource source) const { return worth_[source.bucket()].right / worth_[source.bucket()].tried; }
  std::size_t best(DraftSource source, std::size_t most) const { return plan(source, most).length; }
  DraftPlan plan(DraftSource source, std::size_t most) const { return plan(acceptance(source), most, 0, 0); }

  void passed(std::size_t rows, double ms);
  void judged(const Draft& draft, std::size_t right, bool one_was_wrong);
  void judged(DraftSource source, std::size_t right, bool one_was_wrong);

  // Drafts of a model that takes `share` of the other's time for a step, as a first guess.
  void has_draft_model(double share);
  DraftPlan plan_model(DraftLag lag, std::size_t most) const;
  bool goes_on(const Draft& draft) const;  // whether another token is worth a step of the model
  void keep_worthy(Draft& draft);          // takes the end off that is not worth its rows
  void passed_over();                      // the model was not asked: what was learned of it fades, so that it is tried again some day
  void drafted(double ms);                 // a token
  void read(std::size_t tokens, double ms);

  double cost(std::size_t rows) const;  // ms, as far as is known
  double cost_of_drafting() const;      // a token, by the model

 private:
  static constexpr std::size_t kMostRows = 16;
  struct Worth {
    double right = 0, tried = 0;
  };
  DraftPlan plan(double right, std::size_t most, double each, double lag) const;
  void forget_dear_rows();

  std::array<Worth, DraftSource::kKinds * DraftSource::kLengths> worth_{};
  std::array<double, kMostRows + 1> ms_{};  // of a pass of so many rows; 0: not yet seen
  bool measured_ = false;                   // a pass was
  double share_ = 1, step_ms_ = 0, read_ms_ = 0;  // of the draft model: by its size, and as measured: a step, a token that is read; 0: not yet
};

}  // namespace engine
