#include "engine/market/recording.hpp"

#include <limits>
#include <memory>
#include <string>

#include "engine/core/check.hpp"
#include "engine/market/variation.hpp"
#include "engine/market/venue.hpp"

namespace mm {

namespace {

template <class VenueKind>
class Recorder {
  public:
    Recorder(const VenueKind& venue, std::int32_t lot, std::int64_t tick)
        : venue_(&venue), lot_(lot), tick_(tick), ids_(VenueKind::Book::kCapacity) {}

    void submitted(Handle handle, const Order& order) {
        ids_[handle.slot] = ++last_id_;
        write(MessageType::submission, handle, order.side, order.price, order.lots);
    }
    void cancelled(Handle handle, const Order& order) {
        write(MessageType::deletion, handle, order.side, order.price, order.lots);
    }
    void reduced(Handle handle, const Order& gone) {
        write(MessageType::partial_cancel, handle, gone.side, gone.price, gone.lots);
    }
    void filled(const Fill& fill) { write(MessageType::execution, fill.maker, fill.maker_side, fill.price, fill.lots); }

    std::vector<Message> take() { return std::move(messages_); }

  private:
    void write(MessageType type, Handle handle, Side side, Ticks price, Lots lots) {
        const auto time = venue_->now();
        messages_.push_back(
            {time, type, ids_[handle.slot], lots * lot_, price * tick_, static_cast<std::int8_t>(sign(side))});
    }

    const VenueKind* venue_;
    std::int32_t lot_;
    std::int64_t tick_;
    std::vector<std::int64_t> ids_;  // of the order in each slot
    std::int64_t last_id_ = 0;
    std::vector<Message> messages_;
};

template <class VenueKind>
std::vector<Message> record(const BookParams& params, std::int32_t lot, std::int64_t tick, std::uint64_t seed,
                            double seconds) {
    const auto flow = varied_flow<VenueKind>(params, seed, 0);
    const auto venue = std::make_unique<VenueKind>(params, flow);
    Recorder recorder(*venue, lot, tick);
    venue->open(Random(seed, 0, 0), recorder, -later(0, params.warmup_s * kSecond));
    venue->run_until(later(0, (params.warmup_s + seconds) * kSecond), recorder);
    return recorder.take();
}

}  // namespace

std::vector<Message> simulate_messages(const BookParams& params, std::int32_t lot, std::int64_t tick,
                                       std::uint64_t seed, double seconds) {
    params.validate();
    constexpr Lots kMostShares = std::numeric_limits<Lots>::max() / MediumOrderBook::kMostLots;  // of a lot
    const std::string rule = "lie in [1, " + std::to_string(kMostShares) + "]";
    check(lot >= 1 && lot <= kMostShares, "lot", rule, lot);
    check(tick >= 1 && tick <= kPriceEnd, "tick", "lie in [1, 2^30]", tick);
    check_least(seconds, 0, "seconds");
    return with_venue(params, params.needs(0), [&]<class Kind>(std::type_identity<Kind>) {
        return record<Kind>(params, lot, tick, seed, seconds);
    });
}

}  // namespace mm
