// The account against bookkeeping that adds up every fill.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/core/random.hpp"
#include "engine/maker/account.hpp"

namespace {

using namespace mm;

constexpr std::uint64_t kGames = 200;

struct Ledger {
    Money position = 0;
    Money paid = 0;  // value bought less value sold
    Money fees_milli = 0;
    Money bought = 0;
    Money sold = 0;

    void fill(Side side, Ticks price, Lots lots, Money fee_milli) {
        const Money change = sign(side) * Money{lots};
        position += change;
        paid += change * price;
        fees_milli += fee_milli * lots;
        (side == Side::bid ? bought : sold) += lots;
    }
    Money total2(Money mid2) const { return position * mid2 - 2 * paid; }
};

// A hundred fills through zero and back, with fees and rebates.
template <class OnFill>
void play(std::uint64_t seed, const OnFill& on_fill) {
    Random random(seed, 0, 0);
    for (int i = 0; i < 100; ++i) {
        const Side side = random.below(2) == 0 ? Side::bid : Side::ask;
        const Ticks price = 950 + static_cast<Ticks>(random.below(101));
        const Lots lots = 1 + static_cast<Lots>(random.below(20));
        on_fill(side, price, lots, static_cast<Money>(random.below(1001)) - 500);
    }
}

TEST_CASE("realised, unrealised and fees sum to the total at every fill") {
    for (std::uint64_t game = 0; game < kGames; ++game) {
        Account account;
        Ledger ledger;
        play(game, [&](Side side, Ticks price, Lots lots, Money fee_milli) {
            account.fill(side, price, lots, fee_milli);
            ledger.fill(side, price, lots, fee_milli);
            const Money mid2 = 2 * price + 1;
            CHECK(2 * account.realised() + account.unrealised2(mid2) == ledger.total2(mid2));
            CHECK(account.total2(mid2) == ledger.total2(mid2));
            CHECK(account.position() == ledger.position);
            CHECK(account.cash() == -ledger.paid);
            CHECK(account.fees_milli() == ledger.fees_milli);
            CHECK(account.bought() == ledger.bought);
            CHECK(account.sold() == ledger.sold);
            CHECK(account.turnover() == ledger.bought + ledger.sold);
            CHECK(account.pnl(mid2) == doctest::Approx(0.5 * static_cast<double>(ledger.total2(mid2)) -
                                                       1e-3 * static_cast<double>(ledger.fees_milli)));
        });
    }
}

TEST_CASE("only what closes realises a profit: over the average cost, to within rounding") {
    int reversals = 0;
    for (std::uint64_t game = 0; game < kGames; ++game) {
        Account account;
        play(game, [&](Side side, Ticks price, Lots lots, Money) {
            const Account before = account;
            const Money change = sign(side) * Money{lots};
            account.fill(side, price, lots);
            const bool reduces = before.position() * change < 0;
            const Money closed = reduces ? std::min(std::abs(change), std::abs(before.position())) : 0;
            const double earned = -sign(side) * static_cast<double>(closed) * (price - before.average_cost());
            CHECK(std::abs(static_cast<double>(account.realised() - before.realised()) - earned) <
                  (reduces ? 1.0 : 1e-9));
            if (account.position() * before.position() >= 0) return;
            ++reversals;
            CHECK(account.cost() == account.position() * price);  // what is open now was bought or sold just now
        });
    }
    CHECK(reversals > 100);
}

TEST_CASE("a flat account has no cost") {
    Account account;
    account.fill(Side::bid, 100, 3);
    account.fill(Side::bid, 101, 4);
    CHECK(account.average_cost() == doctest::Approx(704.0 / 7));
    account.fill(Side::ask, 105, 7);
    CHECK(account.cost() == 0);
    CHECK(account.average_cost() == 0.0);
    CHECK(account.realised() == 7 * 105 - 704);
    CHECK(account.unrealised2(12345) == 0);
}

}  // namespace
