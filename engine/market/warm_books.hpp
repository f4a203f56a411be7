// What an episode may start from: books that have been traded in for the warm-up, at any time of the day.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/market/scenario.hpp"
#include "engine/market/sink.hpp"
#include "engine/market/variation.hpp"

namespace mm {

namespace warm_books {

// So many starts that episodes are as good as independent; few enough to be made in an instant and to stay in the
// cache.
inline constexpr std::uint64_t kBooks = 256;
inline constexpr std::uint64_t kSeed = 0x77a3;

}  // namespace warm_books

// One flow plays in all of them, and they are the same for every seed: a batch's seed chooses among them. Where the
// flow varies each has its own, and they are another seed's others: what is met there has not been trained on.
template <class VenueKind>
class WarmBooks {
    using Flow = typename VenueKind::Flow;

  public:
    // In a day that leaves time for an episode. `params` outlives it. Empty before the first seed where the flow
    // varies.
    WarmBooks(const BookParams& params, double episode_s)
        : params_(&params),
          opened_s_(std::max(params.session_s() - episode_s, 0.0)),
          flows_(params.variation > 0 ? warm_books::kBooks : 1, Flow(params.of<Flow>(), params.initial_mid_ticks)) {
        if (params.variation == 0) warm_up(warm_books::kSeed);
    }
    WarmBooks(const WarmBooks&) = delete;  // the books point to the flows
    WarmBooks& operator=(const WarmBooks&) = delete;

    // Makes those of a seed. Flows change where they are, so that nobody's pointer to one dangles; a market that plays
    // one is to be reset.
    void seed(std::uint64_t seed) {
        if (params_->variation == 0 || seed == seed_) return;
        std::vector<Flow> drawn;
        for (std::uint64_t i = 0; i < flows_.size(); ++i) drawn.push_back(varied_flow<VenueKind>(*params_, seed, i));
        seed_.reset();
        std::move(drawn.begin(), drawn.end(), flows_.begin());
        warm_up(variation_seed(seed));
        seed_ = seed;
    }

    std::size_t size() const { return books_.size(); }
    const VenueKind& operator[](std::size_t i) const { return books_[i]; }
    const Flow& flow(std::size_t i) const { return flows_[i % flows_.size()]; }

  private:
    void warm_up(std::uint64_t seed) {
        books_.clear();
        for (std::uint64_t i = 0; i < warm_books::kBooks; ++i) {
            const double time_of_day_s = opened_s_ * Random(seed, i, 1).uniform() - params_->warmup_s;
            books_.emplace_back(*params_, flow(i))
                .open(Random(seed, i, 0), Nobody{}, std::llround(time_of_day_s * kSecond));
        }
    }

    const BookParams* params_;
    double opened_s_;  // at which the last episodes of a day begin
    std::vector<Flow> flows_;
    std::vector<VenueKind> books_;
    std::optional<std::uint64_t> seed_;
};

}  // namespace mm
