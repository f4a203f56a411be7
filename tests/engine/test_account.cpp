// The account against bookkeeping that adds up every fill, in 128 bits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/core/random.hpp"
#include "engine/maker/account.hpp"

namespace {

using namespace mm;

constexpr std::uint64_t kGames = 200;

struct Ledger {
    WideMoney position = 0;
    WideMoney paid = 0;  // value bought less value sold
    WideMoney fees_nano = 0;
    WideMoney bought = 0;
    WideMoney sold = 0;

    void fill(Side side, Ticks price, Lots lots, WideMoney fee_nano) {
        const WideMoney change = sign(side) * WideMoney{lots};
        position += change;
        paid += change * price;
        fees_nano += fee_nano;
        (side == Side::bid ? bought : sold) += lots;
    }
    WideMoney total2(Money mid2) const { return position * mid2 - 2 * paid; }
};

// What is traded: prices within a hundredth of `price`, up to `lots` at a time.
struct Trades {
    Ticks price;
    Lots lots;
    int fills;
};
// Shares at 10 dollars; and up to 20 bitcoin at 60,000 dollars, in ticks of a cent and lots of 10^-5, for so long that
// the position grows to hundreds of bitcoin.
constexpr Trades kTrades[] = {{1'000, 20, 100}, {6'000'000, 2'000'000, 1'000}};

// Fills through zero and back, with fees and rebates.
template <class OnFill>
void play(std::uint64_t seed, const Trades& trades, const OnFill& on_fill) {
    Random random(seed, 0, 0);
    const auto within = [&](std::int32_t n) {
        return static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(n)));
    };
    for (int i = 0; i < trades.fills; ++i) {
        const Side side = random.below(2) == 0 ? Side::bid : Side::ask;
        const Ticks price = trades.price + within(trades.price / 50 + 1) - trades.price / 100;
        const Lots lots = 1 + within(trades.lots);
        on_fill(side, price, lots, WideMoney{price} * lots * (within(600'001) - 300'000));  // up to 3 basis points
    }
}

template <class Test>
void each_game(const Test& test) {
    for (const Trades& trades : kTrades)
        for (std::uint64_t game = 0; game < kGames; ++game) test(game, trades);
}

TEST_CASE("realised, unrealised and fees sum to the total at every fill") {
    each_game([](std::uint64_t game, const Trades& trades) {
        Account account;
        Ledger ledger;
        play(game, trades, [&](Side side, Ticks price, Lots lots, WideMoney fee_nano) {
            account.fill(side, price, lots, fee_nano);
            ledger.fill(side, price, lots, fee_nano);
            const Money mid2 = 2 * price + 1;
            CHECK(2 * account.realised() + account.unrealised2(mid2) == ledger.total2(mid2));
            CHECK(account.total2(mid2) == ledger.total2(mid2));
            CHECK(account.position() == ledger.position);
            CHECK(account.cash() == -ledger.paid);
            CHECK(account.fees_nano() == ledger.fees_nano);
            CHECK(account.bought() == ledger.bought);
            CHECK(account.sold() == ledger.sold);
            CHECK(account.turnover() == ledger.bought + ledger.sold);
            CHECK(account.pnl(mid2) == doctest::Approx(0.5 * static_cast<double>(ledger.total2(mid2)) -
                                                       1e-9 * static_cast<double>(ledger.fees_nano)));
        });
    });
}

TEST_CASE("only what closes realises a profit: over the average cost, to within rounding") {
    int reversals = 0;
    each_game([&](std::uint64_t game, const Trades& trades) {
        Account account;
        play(game, trades, [&](Side side, Ticks price, Lots lots, WideMoney) {
            const Account before = account;
            const Money change = sign(side) * Money{lots};
            account.fill(side, price, lots);
            const Money held = std::abs(before.position());
            const bool reduces = (before.position() < 0) != (change < 0) && held != 0;
            const Money closed = reduces ? std::min<Money>(lots, held) : 0;
            const WideMoney earned = WideMoney{account.realised() - before.realised()} * held;
            const WideMoney exact = -sign(side) * WideMoney{closed} * price * held - WideMoney{before.cost()} * closed;
            CHECK((earned > exact ? earned - exact : exact - earned) < (reduces ? held : 1));
            if ((account.position() < 0) == (before.position() < 0) || account.position() == 0 || held == 0) return;
            ++reversals;
            CHECK(account.cost() == account.position() * price);  // what is open now was bought or sold just now
        });
    });
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

TEST_CASE("20 bitcoin twice, and a quarter of them sold") {
    Account account;
    account.fill(Side::bid, 6'000'000, 2'000'000);
    account.fill(Side::bid, 6'000'100, 2'000'000);
    CHECK(account.average_cost() == 6'000'050);
    account.fill(Side::ask, 6'000'200, 1'000'000);
    CHECK(account.average_cost() == 6'000'050);
    CHECK(account.realised() == 150'000'000);
    CHECK(account.unrealised2(12'000'400) == 900'000'000);  // 3 million lots at 150 ticks, twice
}

TEST_CASE("ten thousand times 20 bitcoin, all bought, then all sold") {
    Account account;
    for (int i = 0; i < 10'000; ++i) account.fill(Side::bid, 6'000'000 + i % 2, 2'000'000);
    CHECK(account.average_cost() == 6'000'000.5);
    CHECK(account.total2(12'000'001) == 0);
    for (int i = 0; i < 10'000; ++i) account.fill(Side::ask, 6'000'001, 2'000'000);
    CHECK(account.position() == 0);
    CHECK(account.realised() == 10'000'000'000);
    CHECK(account.cash() == 10'000'000'000);
}

}  // namespace
