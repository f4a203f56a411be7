#include "engine/market/recording.hpp"

#include <memory>

#include "engine/core/check.hpp"
#include "engine/market/exchange.hpp"

namespace mm {

namespace {

template <class ExchangeKind>
class Recorder {
  public:
    Recorder(const ExchangeKind& exchange, std::int32_t lot, std::int64_t tick)
        : exchange_(&exchange), lot_(lot), tick_(tick), ids_(ExchangeKind::Book::kCapacity) {}

    void submitted(Handle handle, const Order& order) {
        ids_[handle.slot] = ++last_id_;
        write(MessageType::submission, handle, order.side, order.price, order.lots);
    }
    void cancelled(Handle handle, const Order& order) {
        write(MessageType::deletion, handle, order.side, order.price, order.lots);
    }
    void filled(const Fill& fill) { write(MessageType::execution, fill.maker, fill.maker_side, fill.price, fill.lots); }

    std::vector<Message> take() { return std::move(messages_); }

  private:
    void write(MessageType type, Handle handle, Side side, Ticks price, Lots lots) {
        const auto time = static_cast<Nanoseconds>(exchange_->now());
        messages_.push_back(
            {time, type, ids_[handle.slot], lots * lot_, price * tick_, static_cast<std::int8_t>(sign(side))});
    }

    const ExchangeKind* exchange_;
    std::int32_t lot_;
    std::int64_t tick_;
    std::vector<std::int64_t> ids_;  // of the order in each slot
    std::int64_t last_id_ = 0;
    std::vector<Message> messages_;
};

template <class ExchangeKind>
std::vector<Message> record(const BookParams& params, std::int32_t lot, std::int64_t tick, std::uint64_t seed,
                            double seconds) {
    const typename ExchangeKind::Flow flow(params.flow);
    const auto exchange = std::make_unique<ExchangeKind>(params, flow);
    Recorder recorder(*exchange, lot, tick);
    exchange->open(Random(seed, 0, 0), recorder);
    exchange->run_until((params.warmup_s + seconds) * kSecond, recorder);
    return recorder.take();
}

}  // namespace

std::vector<Message> simulate_messages(const BookParams& params, std::int32_t lot, std::int64_t tick,
                                       std::uint64_t seed, double seconds) {
    params.validate();
    check(lot >= 1, "lot", "be >= 1", lot);
    check(tick >= 1, "tick", "be >= 1", tick);
    check_least(seconds, 0, "seconds");
    return with_exchange(
        params, [&]<class Kind>(std::type_identity<Kind>) { return record<Kind>(params, lot, tick, seed, seconds); });
}

}  // namespace mm
