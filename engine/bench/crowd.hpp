// Markets without an agent, for timing what happens in their books; alone in this folder it knows a venue's face.
#pragma once

#include <x86intrin.h>

#include <cstdint>
#include <variant>
#include <vector>

#include "engine/core/prefetch.hpp"
#include "engine/market/venue.hpp"

namespace mm {

// An event counts when it has changed the book: a limit order that rests, an execution, a cancel that found its order.
struct CountingSink {
    std::uint64_t events = 0;

    void filled(const Fill&) { ++events; }
    void submitted(Handle, const Order&) { ++events; }
    void cancelled(Handle, const Order&) { ++events; }
    void reduced(Handle, const Order&) { ++events; }
};

inline std::uint64_t processor_clock() {
    unsigned core = 0;
    return __rdtscp(&core);  // waits until all that stands before it has been executed
}

// Writes down when each event was done.
struct StampingSink {
    // Every page is touched here, none while the clock runs.
    explicit StampingSink(std::size_t capacity) : stamps(capacity) { stamps.clear(); }

    std::vector<std::uint64_t> stamps;

    void filled(const Fill&) { stamp(); }
    void submitted(Handle, const Order&) { stamp(); }
    void cancelled(Handle, const Order&) { stamp(); }
    void reduced(Handle, const Order&) { stamp(); }
    void stamp() {
        if (stamps.size() < stamps.capacity()) stamps.push_back(processor_clock());
    }
};

// Markets visited in turn, each for one decision interval.
template <class VenueKind>
class Crowd {
  public:
    Crowd(const Scenario& scenario, std::size_t size)
        : params_(std::get<BookParams>(scenario.market)),
          flow_(params_.of<typename VenueKind::Flow>(), params_.initial_mid_ticks),
          interval_(later(0, scenario.decision_interval_s * kSecond)),
          markets_(size, Market{VenueKind(params_, flow_)}) {}
    Crowd(const Crowd&) = delete;  // the markets point to what they share
    Crowd& operator=(const Crowd&) = delete;

    // Anew for each round: in millions of steps prices would wander further than in any episode.
    void open(std::uint64_t round) {
        for (std::size_t i = 0; i < size(); ++i) {
            markets_[i].venue = VenueKind(params_, flow_);
            markets_[i].venue.open(Random(1, i, round), CountingSink{});
        }
    }
    template <class Sink>
    void visit(std::size_t i, Sink& sink) {
        prefetch_after(markets_, i);
        VenueKind& venue = markets_[i].venue;
        venue.run_until(venue.now() + interval_, sink);
    }

    std::size_t size() const { return markets_.size(); }
    double live(std::size_t i) const { return book(i).live(); }
    double spread(std::size_t i) const { return book(i).touch(Side::ask) - book(i).touch(Side::bid); }
    double dropped(std::size_t i) const { return static_cast<double>(markets_[i].venue.counters().dropped); }

  private:
    struct alignas(64) Market {  // as in a batch
        VenueKind venue;

        void prefetch() const { venue.prefetch(); }
        void prefetch_touch() const { venue.prefetch_touch(); }
    };

    const auto& book(std::size_t i) const { return markets_[i].venue.book(); }

    const BookParams params_;
    const typename VenueKind::Flow flow_;
    const Nanoseconds interval_;
    std::vector<Market> markets_;
};

}  // namespace mm
