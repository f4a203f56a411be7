// Markets without an agent, for timing what happens in their books; alone in this folder it knows an exchange's face.
#pragma once

#include <x86intrin.h>

#include <cstdint>
#include <variant>
#include <vector>

#include "engine/market/exchange.hpp"

namespace mm {

// An event counts when it has changed the book: a limit order that rests, an execution, a cancel that found its order.
struct CountingSink {
    std::uint64_t events = 0;

    void filled(const Fill&) { ++events; }
    void submitted(Handle, Side, Ticks, Lots) { ++events; }
    void cancelled(Handle, Side, Ticks, Lots) { ++events; }
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
    void submitted(Handle, Side, Ticks, Lots) { stamp(); }
    void cancelled(Handle, Side, Ticks, Lots) { stamp(); }
    void stamp() {
        if (stamps.size() < stamps.capacity()) stamps.push_back(processor_clock());
    }
};

// Markets visited in turn, each for one decision interval.
class Crowd {
  public:
    Crowd(const Scenario& scenario, std::size_t size)
        : flow_(std::get<BookParams>(scenario.market).flow), interval_(scenario.decision_interval_s * kSecond) {
        exchanges_.reserve(size);
        for (std::size_t i = 0; i < size; ++i) exchanges_.emplace_back(std::get<BookParams>(scenario.market), flow_);
    }

    // Anew for each round: in millions of steps prices would wander further than in any episode.
    void open(std::uint64_t round) {
        CountingSink sink;
        for (std::size_t i = 0; i < size(); ++i) exchanges_[i].open(Random(1, i, round), sink);
    }
    template <class Sink>
    void visit(std::size_t i, Sink& sink) {
        exchanges_[i].run_until(exchanges_[i].now() + interval_, sink);
    }

    std::size_t size() const { return exchanges_.size(); }
    double live(std::size_t i) const { return exchanges_[i].book().live(); }
    double spread(std::size_t i) const { return exchanges_[i].touch(Side::ask) - exchanges_[i].touch(Side::bid); }
    double dropped(std::size_t i) const { return static_cast<double>(exchanges_[i].book().dropped()); }

  private:
    PoissonFlow flow_;
    double interval_;  // ns
    std::vector<Exchange> exchanges_;
};

}  // namespace mm
