// Two policies on one seed meet the same market: what the background means to do, and when, does not depend on us.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/market/venue.hpp"
#include "tests/engine/play.hpp"
#include "tests/engine/tape.hpp"

namespace {

using namespace mm;

constexpr Nanoseconds kInterval = 100'000'000, kEnd = 300'000'000'000;

template <class FlowKind>
FlowParams flow_params() {
    if constexpr (std::is_same_v<FlowKind, TapedPlainFlow>) return plain_flow();
    if constexpr (std::is_same_v<FlowKind, TapedAnchoredFlow>) return anchored_flow();
    FlowParams flow = layered_flow();
    flow.efficient_price = anchored_flow().efficient_price;
    return flow;
}

BookParams book_of(const FlowParams& flow) {
    BookParams params;
    params.initial_mid_ticks = 1000;
    params.flow = flow;
    return params;
}

// When each order of the background came, and when it was cancelled if it was.
struct Lives {
    struct Life {
        Order order;
        Nanoseconds end = kNever;
    };

    explicit Lives(std::function<Nanoseconds()> clock) : now(std::move(clock)) {}

    void submitted(Handle handle, const Order& order) {
        if (order.party != Party::background) return;
        standing[handle.slot] = now();
        lives[now()] = {order};
    }
    void cancelled(Handle handle, const Order& order) {
        if (order.party == Party::background && standing.contains(handle.slot))
            lives[standing[handle.slot]].end = now();
    }
    void reduced(Handle, const Order&) {}
    void filled(const Fill& fill) {
        ours += fill.maker_party != Party::background || fill.taker_party != Party::background;
    }

    const std::function<Nanoseconds()> now;
    std::map<std::uint32_t, Nanoseconds> standing;  // when the order in a slot came
    std::map<Nanoseconds, Life> lives;              // by when they came
    int ours = 0;                                   // fills
};

struct World {
    std::vector<Intention> intentions;
    std::map<Nanoseconds, Lives::Life> lives;
    std::vector<Ticks> mids;  // twice the mid, each interval
    int ours;
};

// A market from its opening; with us, who quote on both sides and take now and then.
template <class FlowKind>
World play(const FlowParams& params, std::uint64_t seed, bool with_us) {
    const BookParams book = book_of(params);
    const FlowKind flow(params, book.initial_mid_ticks);
    Venue<FlowKind, MediumOrderBook> venue(book, flow);
    Recording tape;
    Lives lives([&venue] { return venue.now(); });
    venue.open(Random(seed, 0, 0), Nobody{});
    Random whim(seed, 5, 0);
    std::vector<Handle> orders;
    std::vector<Ticks> mids;
    for (Nanoseconds time = 0; time < kEnd; time += kInterval) {
        venue.run_until(time, lives);
        mids.push_back(venue.mid2());
        if (!with_us) continue;
        for (const Handle order : orders)
            if (venue.book().holds(order)) venue.cancel(order, lives);
        orders.clear();
        for (const Side side : kSides) {
            const Ticks price = venue.reference(side) - sign(side) * (static_cast<Ticks>(whim.below(4)) - 1);
            const auto lots = static_cast<Lots>(1 + whim.below(5));
            orders.push_back(venue.limit(side, price, lots, Party::agent, TimeInForce::post_only, lives).resting);
        }
        const auto side = static_cast<Side>(whim.below(2));
        if (whim.below(10) == 0) venue.take(side, side == Side::bid ? 2000 : 1, 3, Party::agent, lives);
    }
    return {tape.take(), lives.lives, mids, lives.ours};
}

// Limit orders by time, side and distance, and market orders by time and side: where those are measured from, and so
// their prices, is the book's. Cancels that are prompted come at their times.
std::vector<Intention> of_a_kind(const std::vector<Intention>& all, Kind kind) {
    std::vector<Intention> some;
    std::ranges::copy_if(all, std::back_inserter(some), [&](const Intention& each) { return each.kind == kind; });
    return some;
}

#define TAPED_FLOWS TapedPlainFlow, TapedAnchoredFlow, TapedFullFlow

TEST_CASE_TEMPLATE("orders come at the same times, on the same sides and at the same distances, whatever we do",
                   FlowKind, TAPED_FLOWS) {
    std::size_t same = 0, all = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const World alone = play<FlowKind>(flow_params<FlowKind>(), seed, false);
        const World with_us = play<FlowKind>(flow_params<FlowKind>(), seed, true);
        CHECK(with_us.ours > 500);
        all += alone.mids.size();
        for (std::size_t i = 0; i < alone.mids.size(); ++i) same += alone.mids[i] == with_us.mids[i];
        for (const Kind kind : {Kind::limit, Kind::market, Kind::cancel}) {
            CAPTURE(kKindNames[index(kind)]);
            const auto intended = of_a_kind(alone.intentions, kind);
            CHECK(intended == of_a_kind(with_us.intentions, kind));
            // Cancels are meant one by one, but where something prompts them.
            const bool heard = kind != Kind::cancel || std::is_same_v<FlowKind, TapedFullFlow>;
            CHECK((intended.size() > 1000) == heard);
        }
    }
    CHECK(same < 9 * all / 10);  // for all that, the market is another one
}

TEST_CASE("a value and layers that do nothing change no intention") {
    FlowParams params = plain_flow();
    const World plain = play<TapedPlainFlow>(params, 1, false);
    CHECK(play<TapedAnchoredFlow>(params, 1, false).intentions == plain.intentions);
    params.efficient_price = anchored_flow().efficient_price;
    CHECK(play<TapedAnchoredFlow>(params, 1, false).intentions == plain.intentions);
    params.efficient_price.reset();
    CHECK(play<TapedFullFlow>(params, 1, false).intentions == plain.intentions);
    params.queue_reactive = layered_flow().queue_reactive;
    CHECK(play<TapedFullFlow>(params, 1, false).intentions == plain.intentions);
}

// Of the orders that came at the same time in both worlds and were cancelled in both: how many lived equally long.
struct Compared {
    int same = 0;
    int all = 0;
};
Compared compare(const World& one, const World& two) {
    Compared compared;
    for (const auto& [time, life] : one.lives) {
        const auto other = two.lives.find(time);
        if (other == two.lives.end() || life.end == kNever || other->second.end == kNever) continue;
        ++compared.all;
        compared.same += life.end == other->second.end;
    }
    return compared;
}

TEST_CASE_TEMPLATE("an order that both policies meet lives as long under either", FlowKind, TAPED_FLOWS) {
    // Where every distance has the same hazard, to the nanosecond.
    FlowParams params = flow_params<FlowKind>();
    params.poisson.cancel_hazard = {5, 5, 5, 5, 5};
    if (params.queue_reactive) params.queue_reactive->cancel = {};
    if (params.efficient_price) params.efficient_price->stale_hazard = 0;
    const Compared alike = compare(play<FlowKind>(params, 1, false), play<FlowKind>(params, 1, true));
    CHECK(alike.all > 5000);
    CHECK(alike.same == alike.all);
    // Where distances matter, most of them.
    const FlowParams given = flow_params<FlowKind>();
    const Compared mostly = compare(play<FlowKind>(given, 1, false), play<FlowKind>(given, 1, true));
    CHECK(mostly.all > 5000);
    CHECK(mostly.same > .7 * mostly.all);
}

}  // namespace
