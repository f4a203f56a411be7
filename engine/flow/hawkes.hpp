// Self-exciting activity: every event of the background prompts others (Hawkes 1971; for order books Bacry,
// Mastromatteo & Muzy 2015).
//
// By its clusters (Hawkes & Oakes 1974): an event has a Poisson number of children, each after a delay of its own. The
// delays of a kernel are exponential, so that of the children to come only the number matters: a pure-jump process,
// exact without thinning. What nothing prompts comes at such rates that the long-run frequencies are what they were.
//
// Events are what is about to happen, whatever becomes of it: other sources may thin it, and prices decide where it
// goes, but when anything comes does not depend on the book.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/discrete.hpp"
#include "engine/flow/source.hpp"

namespace mm {

// An event of kind j has branching[i][j] children of kind i in the mean, at delays with density
// sum_k weight[k] decay[k] exp(-decay[k] t).
struct HawkesParams {
    std::vector<double> decay;   // at most kKernels
    std::vector<double> weight;  // sums to 1
    std::array<std::array<double, kKinds>, kKinds> branching{};

    static constexpr auto fields() {
        return std::tuple{Field{"decay", &HawkesParams::decay, above(0), "1/s"},
                          Field{"weight", &HawkesParams::weight, at_least(0)},
                          Field{"branching", &HawkesParams::branching, at_least(0)}};
    }

    void validate() const;
    double spectral_radius() const;
    // Share of each kind's events that nothing prompts, where `mean_rates` is how often each happens, 1/s. Refused if
    // events of some kind would have more parents than there are events.
    PerKind<double> unprompted(const PerKind<double>& mean_rates) const;
    // Refused if so many children of a kernel are to come at once that they could not be counted.
    void check_pending(const PerKind<double>& mean_rates) const;

    static constexpr double kMostPending = 8192;  // in the mean; eight times as many can be counted
};

inline constexpr std::size_t kKernels = 4;

// How many children a parent has, and which.
struct Offspring {
    static constexpr std::uint32_t kMost = 32;

    Offspring() = default;
    Offspring(const HawkesParams& params, Kind parent);

    // A Poisson number.
    std::uint32_t count(Stream& stream) const {
        if (most == 0) return 0;
        std::uint32_t children = 0;
        for (const double u = stream.uniform(); children < most && u >= at_most[children];) ++children;
        return children;
    }

    std::uint32_t most = 0;               // 0: none ever
    std::array<double, kMost> at_most{};  // P(at most so many), Poisson
    Discrete which;                       // kernel x kKinds + kind
};

struct HawkesState {
    Stream stream;
    std::array<PerKind<std::uint16_t>, kKernels> pending{};  // children to come, by kernel and kind: see kMostPending
    Nanoseconds next = kNever;
};

class Hawkes : public Source<HawkesState> {
  public:
    static constexpr bool kClocked = true;
    static constexpr bool kPrompts = true;

    explicit Hawkes(const HawkesParams& params);

    void restart(State& state, Random& random, Nanoseconds now) const {
        state.stream = Stream(random);
        wait(state, now);
    }

    Nanoseconds next(const State& state) const { return state.next; }

    template <class Flow, class States, class Venue, class Sink>
    void fire(State& state, const Flow& flow, States& states, Venue& venue, Sink& sink) const {
        const Kind kind = birth(state);
        wait(state, venue.now());
        flow.act(kind, states, venue, sink);
    }

    void heard(State& state, Kind parent, Nanoseconds now) const {
        const Offspring& offspring = offspring_[index(parent)];
        std::uint32_t children = offspring.count(state.stream);
        if (children == 0) return;
        for (; children > 0; --children) {
            const std::uint32_t which = offspring.which(static_cast<std::uint32_t>(state.stream.bits() >> 32));
            ++state.pending[which / kKinds].of[which % kKinds];
        }
        wait(state, now);
    }

  private:
    static int count(const State& state, std::size_t kernel) {
        const auto& pending = state.pending[kernel].of;
        return pending[0] + pending[1] + pending[2];
    }
    // Rate at which the children of each kernel come, 1/s, and of all.
    double rates(const State& state, std::array<double, kKernels>& rates) const {
        double total = 0;
        for (std::size_t k = 0; k < kKernels; ++k) {
            rates[k] = decay_[k] * count(state, k);
            total += rates[k];
        }
        return total;
    }
    // Waits have no memory: one may be drawn anew whenever a rate has changed.
    void wait(State& state, Nanoseconds now) const {
        std::array<double, kKernels> by_kernel;
        const double total = rates(state, by_kernel);
        state.next = total > 0 ? later(now, state.stream.exponential() * (kSecond / total)) : kNever;
    }
    // One of the children to come is born.
    Kind birth(State& state) const {
        std::array<double, kKernels> by_kernel;
        double left = rates(state, by_kernel) * state.stream.uniform();
        std::size_t k = 0;
        while (k + 1 < kKernels && left >= by_kernel[k]) left -= by_kernel[k++];
        while (count(state, k) == 0) --k;  // where rounding has gone beyond the last
        auto& pending = state.pending[k].of;
        auto place = static_cast<int>(left / decay_[k]);
        std::size_t kind = 0;
        while (kind + 1 < kKinds && place >= pending[kind]) place -= pending[kind++];
        while (pending[kind] == 0) kind = (kind + kKinds - 1) % kKinds;
        --pending[kind];
        return static_cast<Kind>(kind);
    }

    std::array<double, kKernels> decay_{};  // 1/s
    std::array<Offspring, kKinds> offspring_;
};

}  // namespace mm
