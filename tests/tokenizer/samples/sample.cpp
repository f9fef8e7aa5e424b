#include <algorithm>
#include <vector>

namespace shelf {

template <typename T, std::size_t N = 16>
class Ring {
 public:
  bool push(T&& value) noexcept {
    if (count_ == N) return false;  // full: the caller's problem
    items_[(head_ + count_++) % N] = std::move(value);
    return true;
  }

 private:
  T items_[N]{};
  std::size_t head_ = 0, count_ = 0;
};

}  // namespace shelf

int main() {
	auto* ring = new shelf::Ring<std::vector<int>, 4>();
	for (int i = 0; i < 10'000; ++i) ring->push({i, i << 2, ~i});
	const char* text = R"(raw "text" \n)";
	return text[0] == 'r' && ring != nullptr ? 0 : -1;
}
