// Micro benchmarks of the engine. `mm_bench KEY=NUMBER,NUMBER...` takes a market's parameters, reads the name of a
// row from each line of its input, plays one round of it and answers with one line of JSON: its value and conditions.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "engine/bench/arguments.hpp"
#include "engine/bench/crowd.hpp"
#include "engine/bench/heap.hpp"
#include "engine/market/batch.hpp"

namespace mm {

namespace {

constexpr double kRoundSeconds = 0.25;

using Facts = std::map<std::string, double>;

Scenario scenario(const Arguments& given) {
    Scenario scenario;
    given.fill("market", std::get<BookParams>(scenario.market));
    given.fill("decision_interval_s", scenario.decision_interval_s);
    scenario.episode_steps = 100;  // short, so that a thousand steps hold ten resets of every market
    scenario.validate();
    return scenario;
}

class Stopwatch {
  public:
    double wall() const { return std::chrono::duration<double>(Clock::now() - wall_).count(); }
    double cpu() const { return processor_seconds() - cpu_; }

  private:
    using Clock = std::chrono::steady_clock;

    static double processor_seconds() {
        std::timespec now{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
    }

    Clock::time_point wall_ = Clock::now();
    double cpu_ = processor_seconds();
};

// What kind of book the rates were measured at; played after the clock has stopped.
template <class VenueKind>
void describe(Crowd<VenueKind>& crowd, Facts& facts) {
    constexpr std::size_t kVisits = 4096;
    CountingSink sink;
    double live = 0, spread = 0, dropped = 0;
    for (std::size_t visit = 0; visit < kVisits; ++visit) {
        const std::size_t i = visit % crowd.size();
        crowd.visit(i, sink);
        live += crowd.live(i);
        spread += crowd.spread(i);
    }
    for (std::size_t i = 0; i < crowd.size(); ++i) dropped += crowd.dropped(i);
    facts["events_per_visit"] = static_cast<double>(sink.events) / kVisits;
    facts["live_orders"] = live / kVisits;
    facts["spread_ticks"] = spread / kVisits;
    facts["dropped"] = dropped;
}

template <class VenueKind>
Facts play_events(Crowd<VenueKind>& crowd) {
    const std::size_t passes = std::max<std::size_t>(1, 1024 / crowd.size());  // between two looks at the clock
    CountingSink sink;
    const Stopwatch watch;
    do {
        for (std::size_t pass = 0; pass < passes; ++pass)
            for (std::size_t i = 0; i < crowd.size(); ++i) crowd.visit(i, sink);
    } while (watch.wall() < kRoundSeconds);
    Facts facts{{"wall_s", watch.wall()}, {"cpu_s", watch.cpu()}};
    facts["value"] = 1e-6 * static_cast<double>(sink.events) / facts["cpu_s"];
    describe(crowd, facts);
    return facts;
}

std::vector<double> sorted_gaps(const std::vector<std::uint64_t>& stamps) {
    std::vector<double> gaps;
    for (std::size_t i = 1; i < stamps.size(); ++i) gaps.push_back(static_cast<double>(stamps[i] - stamps[i - 1]));
    std::ranges::sort(gaps);
    return gaps;
}

// Cycles between two stamps with nothing in between.
double timer_cycles() {
    StampingSink sink(1 << 16);
    for (int i = 0; i < 1 << 16; ++i) sink.stamp();
    const std::vector<double> gaps = sorted_gaps(sink.stamps);
    return gaps[gaps.size() / 2];
}

// The time of an event is the gap between two stamps, from the end of one event to the end of the next, so that
// waiting times and thinned cancels belong to it; less what a stamp itself takes.
template <class VenueKind>
Facts play_latency(Crowd<VenueKind>& crowd, double percentile) {
    StampingSink sink(1 << 20);
    const Stopwatch watch;
    const std::uint64_t start = processor_clock();
    while (sink.stamps.size() < sink.stamps.capacity()) crowd.visit(0, sink);
    Facts facts{{"wall_s", watch.wall()}, {"cpu_s", watch.cpu()}};
    const double cycles_per_ns = static_cast<double>(processor_clock() - start) / (1e9 * facts["wall_s"]);
    const std::vector<double> gaps = sorted_gaps(sink.stamps);
    const double count = static_cast<double>(gaps.size()), timer = timer_cycles();
    const double gap = gaps[static_cast<std::size_t>(percentile / 100 * count)];
    facts["value"] = std::max(0.0, gap - timer) / cycles_per_ns;
    facts["mean_ns"] = (std::accumulate(gaps.begin(), gaps.end(), 0.0) / count - timer) / cycles_per_ns;
    facts["timer_ns"] = timer / cycles_per_ns;
    facts["events"] = count;
    describe(crowd, facts);
    return facts;
}

// A batch with the buffers of its caller.
class Players {
  public:
    Players(const Scenario& scenario, std::size_t size, std::size_t threads)
        : batch_(make_batch(scenario, size, 0, threads, Autoreset::same_step)),
          action_(2 * size),
          observation_(size * batch_->columns().size()),
          final_observation_(observation_.size()),
          reward_(size),
          statistics_(size * batch_->statistics().size()),
          terminated_(std::make_unique<bool[]>(size)) {
        Random random(1, 0, 0);
        for (float& depth : action_) depth = static_cast<float>(4 * random.uniform() - 1);
        batch_->reset(1, false, observation_.data());
    }

    void step() {
        batch_->step(action_.data(), {observation_.data(), reward_.data(), terminated_.get(), final_observation_.data(),
                                      statistics_.data()});
    }

  private:
    std::unique_ptr<Batch> batch_;
    std::vector<float> action_, observation_, final_observation_;
    std::vector<double> reward_, statistics_;
    std::unique_ptr<bool[]> terminated_;
};

Facts count_allocations(const Scenario& scenario) {
    constexpr std::size_t kMarkets = 64, kSteps = 1000;
    Facts facts{{"value", 0}, {"steps", kSteps}, {"markets", kMarkets}};
    for (std::size_t threads : {1, 2}) {
        Players players(scenario, kMarkets, threads);
        const std::uint64_t before = heap::allocations();
        for (std::size_t step = 0; step < kSteps; ++step) players.step();
        facts["value"] += static_cast<double>(heap::allocations() - before);
    }
    facts["resets"] = 2.0 * static_cast<double>(kMarkets * kSteps) / scenario.episode_steps;
    return facts;
}

// Bytes that a batch holds once it has been reset.
double batch_bytes(const Scenario& scenario, std::size_t size) {
    const std::int64_t before = heap::bytes();
    const std::unique_ptr<Batch> batch = make_batch(scenario, size, 0, 1, Autoreset::same_step);
    std::vector<float> observation(size * batch->columns().size());
    batch->reset(1, false, observation.data());
    return static_cast<double>(heap::bytes() - before) - static_cast<double>(observation.size() * sizeof(float));
}

// The difference of two sizes, so that what all markets share is left out.
Facts measure_memory(const Scenario& scenario) {
    constexpr std::size_t kMarkets = 1024;
    const double once = batch_bytes(scenario, kMarkets), twice = batch_bytes(scenario, 2 * kMarkets);
    return {{"value", 1e-3 * (twice - once) / kMarkets}, {"kB_with_what_is_shared", 1e-3 * once / kMarkets}};
}

template <class VenueKind>
class Bench {
  public:
    explicit Bench(const Scenario& scenario) : scenario_(scenario) {}

    // NAME or NAME_NUMBER: the number is a count of markets, or a percentile.
    Facts round(const std::string& row) {
        if (row == "memory") return measure_memory(scenario_);
        if (row == "allocations") return count_allocations(scenario_);
        if (row.starts_with("events_")) return play_events(opened(std::stoul(row.substr(7))));
        if (row.starts_with("latency_p")) return play_latency(opened(1), std::stod(row.substr(9)));
        throw std::invalid_argument("mm_bench knows no row " + row);
    }

  private:
    Crowd<VenueKind>& opened(std::size_t size) {
        Crowd<VenueKind>& crowd = crowds_.try_emplace(size, scenario_, size).first->second;
        crowd.open(round_++);
        return crowd;
    }

    const Scenario scenario_;
    std::map<std::size_t, Crowd<VenueKind>> crowds_;
    std::uint64_t round_ = 0;
};

std::string json(const Facts& facts) {
    std::ostringstream out;
    out.precision(9);
    const char* before = "{";
    for (const auto& [fact, value] : facts) {
        out << before << '"' << fact << "\": " << value;
        before = ", ";
    }
    out << '}';
    return out.str();
}

void answer(const Scenario& scenario) {
    const BookParams& book = std::get<BookParams>(scenario.market);
    with_venue(book, book.needs(scenario.reach()), [&]<class Kind>(std::type_identity<Kind>) {
        Bench<Kind> bench(scenario);
        for (std::string row; std::getline(std::cin, row);) std::cout << json(bench.round(row)) << std::endl;
    });
}

}  // namespace

}  // namespace mm

int main(int count, char** words) try {
    mm::answer(mm::scenario(mm::Arguments(count, words)));
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
