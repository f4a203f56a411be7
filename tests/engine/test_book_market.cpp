// The market as the agent plays it: what it is told is no newer than it may be, what it is paid is what it traded, and
// its quotes do not move what it is marked at.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <variant>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/market/book_market.hpp"
#include "tests/engine/play.hpp"

namespace {

using namespace mm;

constexpr Nanoseconds kMs = 1'000'000;

#define EVERY_FLOW PlainFlow, AnchoredFlow, FullFlow, RealisticFlow

template <class FlowKind>
typename FlowKind::Params flow_params() {
    if constexpr (std::is_same_v<FlowKind, PlainFlow>) {
        return plain_flow();
    } else if constexpr (std::is_same_v<FlowKind, AnchoredFlow>) {
        return anchored_flow();
    } else if constexpr (std::is_same_v<FlowKind, RealisticFlow>) {
        return realistic_flow();
    } else {
        FlowParams flow = layered_flow();
        flow.efficient_price = anchored_flow().efficient_price;
        return flow;
    }
}

// Several lots a quote, of which an action may show a share.
template <class FlowKindParams>
Scenario scenario_of(const FlowKindParams& flow, std::uint32_t steps) {
    Scenario scenario = book_scenario(flow);
    scenario.maker.quote_size = 400;
    scenario.agent.sizes = true;
    scenario.episode_steps = steps;
    return scenario;
}
BookParams& book_of(Scenario& scenario) {
    return std::get<BookParams>(scenario.market);
}

// All that markets of a kind share.
template <class FlowKind>
struct Stage {
    using VenueKind = Venue<FlowKind, MediumOrderBook>;

    explicit Stage(const Scenario& given) : scenario(given) { scenario.validate(); }

    const Scenario scenario;
    const Agent agent{scenario};
    const BookSetting<VenueKind> setting{scenario, agent};
};

// A market and its memory.
template <class FlowKind, class Listener = Nobody>
struct Game {
    explicit Game(const Stage<FlowKind>& stage)
        : tasks(stage.setting.tasks()),
          fills(stage.setting.fills()),
          looks(stage.setting.looks),
          market(stage.setting, {tasks, fills, looks, &signal}) {}

    std::vector<Task> tasks;
    std::vector<Markouts::Record> fills;
    std::vector<Look> looks;
    Signal signal;
    BookMarket<typename Stage<FlowKind>::VenueKind, Listener> market;
};

// What an agent without a plan does: prices around the mid, often too good to stand, and any size.
class Whim {
  public:
    explicit Whim(std::uint64_t seed) : random_(seed, 77, 0) {}

    Depths depths() { return {6 * random_.uniform() - 2, 6 * random_.uniform() - 2}; }
    Shares shares() { return {static_cast<float>(random_.uniform()), static_cast<float>(random_.uniform())}; }

  private:
    Random random_;
};

using Row = std::array<float, kBookColumns>;

// No look-ahead. A market is played up to what is known at a decision; what follows is then drawn anew.

struct Delays {
    double latency_ms;
    double jitter_ms;
    double data_delay_ms;
};

// What is known at the decision that is `steps` after the first, and how much has happened by then.
struct Known {
    Row row;
    std::uint64_t events;
};

// `drawn_anew`: the time at which the future becomes another one, if it does.
template <class FlowKind>
Known play(const Stage<FlowKind>& stage, std::uint64_t seed, int steps, Nanoseconds drawn_anew = kNever) {
    Game<FlowKind> game(stage);
    auto& market = game.market;
    Whim whim(seed);
    const Nanoseconds interval = stage.setting.interval;
    market.reset(Random(seed, 0, 0), false);
    Nanoseconds decision = stage.setting.data_delay;
    for (int step = 0; step < steps; ++step) {
        market.decide(whim.depths(), whim.shares());
        const Nanoseconds next = decision + interval;
        if (drawn_anew >= decision && drawn_anew < next) {
            market.run_until(drawn_anew);
            Random other(seed, 99, 0);
            market.venue().restart(other);
        }
        market.run_until(next);
        decision = next;
    }
    // The market's own clock stands still, because only `play` moves it: its row is that of the first look, and of
    // whichever takes the place of that later, in turn with all that may be under way.
    REQUIRE(steps % static_cast<int>(stage.setting.looks) == 0);
    Known known{{}, market.venue().counters().events};
    market.observe(known.row.data());
    return known;
}

TEST_CASE_TEMPLATE("what is observed has happened by the time at which it left the venue", FlowKind, EVERY_FLOW) {
    constexpr Delays kDelays[] = {{1, 0, 30},    {1, 0, 100},   {20, 15, 250},
                                  {130, 40, 30}, {130, 0, 250}, {250, 100, 430}};
    constexpr std::uint64_t kSeeds = 20;
    for (const Delays& delays : kDelays) {
        CAPTURE(delays.latency_ms);
        CAPTURE(delays.data_delay_ms);
        Scenario scenario = scenario_of(flow_params<FlowKind>(), 100);
        book_of(scenario).latency_ms = delays.latency_ms;
        book_of(scenario).latency_jitter_ms = delays.jitter_ms;
        book_of(scenario).data_delay_ms = delays.data_delay_ms;
        const Stage<FlowKind> stage(scenario);
        const int steps = 6 * static_cast<int>(stage.setting.looks);
        const Nanoseconds left = steps * stage.setting.interval;  // when what is known at the decision left the venue
        int other_futures = 0, earlier = 0, in_time = 0;
        for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
            const Known known = play(stage, seed, steps), other = play(stage, seed, steps, left);
            CHECK(other.row == known.row);
            other_futures += other.events != known.events;
            earlier += play(stage, seed, steps, left - 50 * kMs).row != known.row;
            in_time += play(stage, seed, steps, left + kMs).row == known.row;
        }
        // It would have shown: the future was another one, and one that begins a little earlier is seen.
        CHECK(other_futures > 3 * kSeeds / 5);
        CHECK(earlier > 4 * kSeeds / 5);
        CHECK(in_time == kSeeds);
    }
}

// What happens to us and to the mid, as a listener at the venue hears it.
template <class VenueKind>
struct Witness {
    struct Traded {
        Nanoseconds time;
        Side side;  // bid when we bought
        Ticks price;
        Lots lots;
        Liquidity liquidity;
        bool whole;  // the order that rested was filled
    };
    struct Moved {
        Nanoseconds time;
        Ticks mid2;
    };

    void filled(const Fill& fill) {
        const bool whole = fill.maker_remaining == 0;
        const Side side = fill.maker_side;
        if (fill.maker_party == Party::agent)
            fills.push_back({venue->now(), side, fill.price, fill.lots, Liquidity::maker, whole});
        if (fill.taker_party == Party::agent)
            fills.push_back({venue->now(), opposite(side), fill.price, fill.lots, Liquidity::taker, whole});
        look();
    }
    void submitted(Handle, const Order&) { look(); }
    void cancelled(Handle, const Order&) { look(); }
    void reduced(Handle, const Order&) { look(); }
    void look() { moves.push_back({venue->now(), venue->mid2()}); }

    // Twice the mid before anything that happened at a time.
    Ticks mid2_before(Nanoseconds time) const {
        const auto later = std::ranges::partition_point(moves, [&](const Moved& move) { return move.time < time; });
        return (later - 1)->mid2;
    }

    const VenueKind* venue = nullptr;
    std::vector<Traded> fills;
    std::vector<Moved> moves;
};

template <class FlowKind>
using Watched = Game<FlowKind, Witness<typename Stage<FlowKind>::VenueKind>>;

using Statistics = std::array<double, kBookStatistics>;

// Plays an episode of whims; `after_step` is told the statistics of each. The sums of all of them.
template <class FlowKind, class AfterStep>
Statistics episode(Watched<FlowKind>& game, std::uint64_t seed, const AfterStep& after_step) {
    auto& market = game.market;
    market.listener() = {&market.venue(), {}, {}};
    market.reset(Random(seed, 0, 0), false);
    market.listener().look();
    Whim whim(seed);
    Statistics sums{};
    while (!market.finished()) {
        Statistics statistics{};
        market.play(whim.depths(), whim.shares(), statistics.data());
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += statistics[i];
        after_step(statistics);
    }
    return sums;
}

constexpr Delays kPlays[] = {{1, 0, 0}, {130, 40, 250}};

template <class FlowKind, class Test>
void each_play(const Test& test) {
    for (const Delays& delays : kPlays) {
        CAPTURE(delays.latency_ms);
        Scenario scenario = scenario_of(flow_params<FlowKind>(), 500);
        book_of(scenario).latency_ms = delays.latency_ms;
        book_of(scenario).latency_jitter_ms = delays.jitter_ms;
        book_of(scenario).data_delay_ms = delays.data_delay_ms;
        book_of(scenario).fees = {.volume = {0, 50, 150}, .maker = {-.125, -.25, .0625}, .taker = {.5, .5, .5}};
        const Stage<FlowKind> stage(scenario);
        Watched<FlowKind> game(stage);
        for (std::uint64_t seed = 0; seed < 5; ++seed) test(game, stage, seed);
    }
}

TEST_CASE_TEMPLATE("the markouts of an episode are those of every fill at every horizon, by brute force", FlowKind,
                   EVERY_FLOW) {
    constexpr std::size_t kHorizons = kMarkoutHorizons.size();
    each_play<FlowKind>([](Watched<FlowKind>& game, const Stage<FlowKind>&, std::uint64_t seed) {
        const Statistics sums = episode(game, seed, [](const Statistics&) {});
        const auto& witness = game.market.listener();
        const Nanoseconds end = game.market.venue().now();
        std::array<std::array<Markouts::Sum, kHorizons>, 2> expected{};
        std::size_t after_the_end = 0;
        for (const auto& fill : witness.fills)
            for (std::size_t h = 0; h < kHorizons; ++h) {
                const Nanoseconds due = fill.time + kMarkoutHorizons[h];
                after_the_end += due > end;
                if (due > end) continue;
                Markouts::Sum& sum = expected[index(fill.side)][h];
                const Money twice = Money{witness.mid2_before(due)} - 2 * Money{fill.price};
                sum.value += sign(fill.side) * fill.lots * twice;
                sum.lots += fill.lots;
            }
        CHECK(game.market.desk().markouts().lost() == 0);
        CHECK(witness.fills.size() > 100);
        CHECK(after_the_end > 50);
        for (const Side side : kSides)
            for (std::size_t h = 0; h < kHorizons; ++h) {
                CAPTURE(h);
                const Money value = expected[index(side)][h].value;
                const Money lots = expected[index(side)][h].lots;
                const std::size_t column = kMarkouts + 2 * (index(side) * kHorizons + h);
                CHECK(lots > 20);
                CHECK(sums[column] == .5 * static_cast<double>(value));
                CHECK(sums[column + 1] == static_cast<double>(lots));
            }
        CHECK(sums[kMarkouts + 1] == sums[kBidFilled]);
        CHECK(sums[kMarkouts + 2 * kHorizons + 1] == sums[kAskFilled]);
    });
}

TEST_CASE_TEMPLATE("position, cash, fees and profit are those of the lots that traded, to the unit", FlowKind,
                   EVERY_FLOW) {
    each_play<FlowKind>([](Watched<FlowKind>& game, const Stage<FlowKind>& stage, std::uint64_t seed) {
        const auto& witness = game.market.listener();
        const auto& desk = game.market.desk();
        Money position = 0, cash = 0, turnover = 0;
        WideMoney fees = 0;
        double pnl = 0;
        int partly = 0;
        std::size_t counted = 0;
        const Statistics sums = episode(game, seed, [&](const Statistics& statistics) {
            Money bought = 0, sold = 0;
            for (; counted < witness.fills.size(); ++counted) {
                const auto& fill = witness.fills[counted];
                CHECK(fill.liquidity == Liquidity::maker);  // quotes never take
                fees += stage.setting.fees.fee(fill.liquidity, fill.price, fill.lots, turnover);
                position += sign(fill.side) * fill.lots;
                cash -= sign(fill.side) * Money{fill.lots} * fill.price;
                turnover += fill.lots;
                (fill.side == Side::bid ? bought : sold) += fill.lots;
                partly += !fill.whole;
            }
            REQUIRE(desk.account().position() == position);
            REQUIRE(desk.account().cash() == cash);
            REQUIRE(desk.account().fees_nano() == fees);
            CHECK(statistics[kBidFilled] == static_cast<double>(bought));
            CHECK(statistics[kAskFilled] == static_cast<double>(sold));
            CHECK(statistics[kInventory] == static_cast<double>(position));
            CHECK(statistics[kMid] == .5 * game.market.venue().mid2());
            // Fees are multiples of 1/16 here, so that nothing is rounded.
            const double now = static_cast<double>(cash) + static_cast<double>(position) * statistics[kMid] -
                               static_cast<double>(fees) / kNano;
            CHECK(statistics[kPnlChange] == now - pnl);
            pnl = now;
        });
        CHECK(sums[kFees] == static_cast<double>(fees) / kNano);
        CHECK(sums[kPnlChange] == pnl);
        CHECK(turnover > 150);  // through all tiers
        CHECK(partly > 20);
        CHECK(game.market.refused() == 0);
    });
}

// A party that quotes and takes at random, in a market that is alive.
TEST_CASE_TEMPLATE("maker or taker: what a party trades is what its account says, to the unit", FlowKind, EVERY_FLOW) {
    using VenueKind = Venue<FlowKind, MediumOrderBook>;
    BookParams params;
    params.initial_mid_ticks = 1000;
    set_flow(params, flow_params<FlowKind>());
    const FlowKind flow(params.of<FlowKind>(), params.initial_mid_ticks);
    const FeeSchedule fees({.unit = FeeUnit::basis_points, .volume = {0, 1000}, .maker = {-.5, -1}, .taker = {2, 1.5}});
    constexpr Lots kMost = 40;
    VenueKind venue(params, flow);
    Random random(8, 0, 0);
    venue.open(random, Nobody{});
    std::vector<Task> tasks(10);
    std::vector<Markouts::Record> ring(1 << 12);
    Agenda agenda(tasks);
    Desk desk(Party::agent, fees, ring);
    Session session(Party::agent, {.constant = 20 * kMs, .jitter_ns = 10.0 * kMs});
    session.restart(Stream(random));
    struct Books {
        Witness<VenueKind> witness;
        Desk* desk;

        void filled(const Fill& fill) {
            if (fill.maker_party == Party::agent || fill.taker_party == Party::agent)
                desk->filled(fill, witness.venue->now(), witness.venue->mid2_before());
            witness.filled(fill);
        }
        void submitted(Handle, const Order&) {}
        void cancelled(Handle, const Order&) {}
        void reduced(Handle, const Order&) {}
    } books{{&venue, {}, {}}, &desk};
    const auto room = [&](Side side) { return kMost - sign(side) * desk.position(); };
    const auto lots = [&] { return static_cast<Lots>(random.below(8)); };
    int within = 0;
    for (int decision = 0; decision < 5000; ++decision) {
        const Nanoseconds now = venue.now();
        const auto offset = [&] { return static_cast<Ticks>(random.below(6)) - 2; };
        const Wish bid{venue.reference(Side::bid) - offset(), lots()};
        const Wish ask{venue.reference(Side::ask) + offset(), lots()};
        session.send_quotes(now, bid, ask, agenda);
        const auto side = static_cast<Side>(random.below(2));
        if (random.below(4) == 0)
            session.send_take(now, side, {venue.reference(opposite(side)) + sign(side) * offset(), lots()}, agenda);
        const Nanoseconds next = now + 50 * kMs;
        while (agenda.next() <= next) {
            venue.run_until(agenda.next(), books);
            session.arrive(agenda.pop(), venue, room, books);
        }
        venue.run_until(next, books);
        within += std::abs(desk.position()) <= kMost;
        REQUIRE(session.resting(Side::bid, venue.book()) <= 2 * kMost);
    }
    Money position = 0, cash = 0, turnover = 0;
    WideMoney paid = 0;
    std::array<int, 2> seen{};
    for (const auto& fill : books.witness.fills) {
        paid += fees.fee(fill.liquidity, fill.price, fill.lots, turnover);
        position += sign(fill.side) * fill.lots;
        cash -= sign(fill.side) * Money{fill.lots} * fill.price;
        turnover += fill.lots;
        ++seen[static_cast<std::size_t>(fill.liquidity)];
    }
    for (const int fills : seen) CHECK(fills > 500);
    CHECK(desk.account().position() == position);
    CHECK(desk.account().cash() == cash);
    CHECK(desk.account().turnover() == turnover);
    CHECK(desk.account().fees_nano() == paid);
    CHECK(turnover > 1000);
    CHECK(within > 4000);
    venue.book().validate();
}

// What we are marked at and what we see are the background's.

constexpr Column kOfTheBackground[] = {
    kAlpha, kBid, kAsk, kSpread, kBidVolume, kAskVolume, kImbalance, kMicropriceOffset, kVolatility, kSignedFlow};

TEST_CASE_TEMPLATE("until they trade, our own quotes change nothing that we see or are marked at", FlowKind,
                   EVERY_FLOW) {
    Scenario scenario = scenario_of(flow_params<FlowKind>(), 500);
    scenario.decision_interval_s = .02;
    book_of(scenario).initial_spread_ticks = 4;
    const Stage<FlowKind> stage(scenario);
    Watched<FlowKind> quoting(stage), silent(stage);
    int rows = 0, inside = 0, at_the_best = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        for (Watched<FlowKind>* game : {&quoting, &silent}) {
            game->market.listener() = {&game->market.venue(), {}, {}};
            game->market.reset(Random(seed, 0, 0), false);
        }
        // Inside the spread, or in the midst of the queues, and moved to and fro.
        Whim whim(seed);
        for (int step = 0; step < 100; ++step) {
            Statistics with{}, without{};
            const double behind = static_cast<double>(seed % 4);
            const Depths depths{behind + whim.depths().bid / 4, behind + whim.depths().ask / 4};
            quoting.market.play(depths, {}, with.data());
            silent.market.play(depths, {0, 0}, without.data());
            if (!quoting.market.listener().fills.empty()) break;
            Row seen{}, expected{};
            quoting.market.observe(seen.data());
            silent.market.observe(expected.data());
            for (const Column column : kOfTheBackground) {
                CAPTURE(kBookObservation[column]);
                REQUIRE(seen[column] == expected[column]);
            }
            REQUIRE(with[kMid] == without[kMid]);
            ++rows;
            inside += seen[kOwnBidDistance] < 0;
            at_the_best += seen[kOwnAskVolume] > 0 && seen[kOwnAskDistance] == 0;
            CHECK(expected[kOwnBidVolume] == 0);
        }
    }
    CHECK(rows > 1000);
    CHECK(inside > 50);
    CHECK(at_the_best > 100);
}

// Where our orders stand on a side, the best first; nowhere: kNoPrice.
template <class Book>
Ticks our_best(const Book& book, Side side) {
    Ticks best = kNoPrice;
    for (std::uint32_t slot = 0; slot < Book::kCapacity; ++slot) {
        const Handle handle = book.in_slot(slot);
        if (!handle) continue;
        const Order order = book.order(handle);
        if (order.party == Party::background || order.side != side) continue;
        if (best == kNoPrice || sign(side) * (order.price - best) > 0) best = order.price;
    }
    return best;
}

TEST_CASE("quotes stand at the venue a latency after their decision, to the nanosecond, shorter or longer than it") {
    for (const double latency_ms : {0., 30., 100., 250.}) {
        CAPTURE(latency_ms);
        FlowParams still = plain_flow();  // but for the seeded orders
        still.poisson.limit_rate = {1e-12, 0, 0, 0, 0};
        still.poisson.cancel_hazard = {0, 0, 0, 0, 0};
        still.poisson.market_rate = 0;
        Scenario scenario = scenario_of(still, 100);
        book_of(scenario).latency_ms = latency_ms;
        book_of(scenario).initial_spread_ticks = 1;
        const Stage<PlainFlow> stage(scenario);
        Game<PlainFlow> game(stage);
        auto& market = game.market;
        market.reset(Random(1, 0, 0), false);
        int arrived = 0;
        const Nanoseconds latency = stage.setting.latency.constant, interval = stage.setting.interval;
        const Ticks mid = market.venue().mid2() / 2;
        const auto bid = [&] { return our_best(market.venue().book(), Side::bid); };
        // The quote of each decision is one tick lower than the one before.
        const auto wanted = [&](int step) { return step < 0 ? kNoPrice : mid - step; };
        for (int step = 0; step < 10; ++step) {
            const Nanoseconds decision = step * interval;
            market.decide({.5 * market.venue().mid2() - wanted(step), 5}, {});
            for (int sent = 0; sent <= step; ++sent) {
                const Nanoseconds arrival = sent * interval + latency;
                if (arrival < decision || arrival > decision + interval) continue;
                if (arrival > decision) {
                    market.run_until(arrival - 1);
                    CHECK(bid() == wanted(sent - 1));
                }
                market.run_until(arrival);
                CHECK(bid() == wanted(sent));
                ++arrived;
            }
            market.run_until(decision + interval);
        }
        CHECK(arrived >= 8);
        CHECK(market.refused() == 0);
    }
}

TEST_CASE("what is asked for in shares of a size is quoted in lots, and none is no quote") {
    Scenario scenario = scenario_of(plain_flow(), 100);
    book_of(scenario).latency_ms = 0;
    const Stage<PlainFlow> stage(scenario);
    Game<PlainFlow> game(stage);
    auto& market = game.market;
    market.reset(Random(1, 0, 0), false);
    constexpr struct {
        float share;
        Lots lots;
    } kShares[] = {{0, 0}, {.1F, 0}, {.2F, 1}, {.5F, 2}, {.9F, 4}, {1, 4}};
    for (const auto& [share, lots] : kShares) {
        CAPTURE(share);
        market.decide({30, 30}, {share, 1});
        market.run_until(market.venue().now());
        CHECK((our_best(market.venue().book(), Side::bid) == kNoPrice) == (lots == 0));
        Row row{};
        market.run_until(market.venue().now() + stage.setting.interval);  // until the next look
        market.observe(row.data());
        CHECK(row[kOwnBidVolume] == log_lots(lots));
        CHECK(row[kOwnAskVolume] == log_lots(4));
    }
}

TEST_CASE("an agenda that is as large as it has to be refuses nothing, however long and random the latency") {
    Scenario scenario = scenario_of(plain_flow(), 500);
    for (const Delays& delays : {Delays{100, 0, 0}, Delays{350, 0, 0}, Delays{0, 100, 0}, Delays{250, 500, 1000}}) {
        CAPTURE(delays.latency_ms);
        book_of(scenario).latency_ms = delays.latency_ms;
        book_of(scenario).latency_jitter_ms = delays.jitter_ms;
        book_of(scenario).data_delay_ms = delays.data_delay_ms;
        const Stage<PlainFlow> stage(scenario);
        Watched<PlainFlow> game(stage);
        for (std::uint64_t seed = 0; seed < 10; ++seed) episode(game, seed, [](const Statistics&) {});
        CHECK(game.market.refused() == 0);
    }
}

}  // namespace
