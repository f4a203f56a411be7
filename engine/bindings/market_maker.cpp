#include "engine/maker/market_maker.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <variant>

#include "engine/bindings/bind.hpp"
#include "engine/bindings/wide_money.hpp"
#include "engine/core/check.hpp"

namespace py = pybind11;

namespace mm {

namespace {

// The specification's dict, or its class.
using AnyMarket = std::variant<MarketState, py::dict>;
using AnyInventory = std::variant<double, InventoryState>;  // shares

MarketState from_fields(const py::dict& fields) {
    MarketState state;
    for (const auto& [key, value] : fields) {
        const auto name = key.cast<std::string>();
        if (name == "mid_price")
            state.mid_price = value.cast<double>();
        else if (name == "spread")
            state.spread = value.cast<double>();
        else if (name == "volatility")
            state.volatility = value.cast<double>();
        else
            throw std::invalid_argument("market_state has mid_price, spread and volatility, but not " + name);
    }
    return state;
}

MarketState market_state(const AnyMarket& state) {
    const auto* fields = std::get_if<py::dict>(&state);
    return fields != nullptr ? from_fields(*fields) : std::get<MarketState>(state);
}

double shares(const AnyInventory& inventory, const AdaptiveMarketMaker& maker) {
    const auto* state = std::get_if<InventoryState>(&inventory);
    if (state == nullptr) return std::get<double>(inventory);
    check(state->max_position == maker.params().max_position, "inventory.max_position", "be the maker's own",
          state->max_position);
    return state->position;
}

// The specification's tests read quote['bid_price'].
double quote_item(const Quote& quote, const std::string& name) {
    if (name == "bid_price") return quote.bid_price;
    if (name == "ask_price") return quote.ask_price;
    if (name == "bid_size") return quote.bid_size;
    if (name == "ask_size") return quote.ask_size;
    throw py::key_error(name);
}

py::dict pnl(const AdaptiveMarketMaker& maker, double mid_price) {
    // Ticks x shares to money.
    const Account& account = maker.account();
    const double tick = maker.params().tick;
    const double realised = tick * static_cast<double>(account.realised());
    const double unrealised =
        static_cast<double>(account.position()) * mid_price - tick * static_cast<double>(account.cost());
    const double fees = tick * account.fees();
    py::dict parts;
    parts["realised"] = realised;
    parts["unrealised"] = unrealised;
    parts["fees"] = fees;
    parts["total"] = realised + unrealised - fees;
    return parts;
}

void fill(Account& account, Side side, Ticks price, Lots lots, WideMoney fee_nano) {
    check(lots >= 1, "lots", "be >= 1", lots);
    account.fill(side, price, lots, fee_nano);
}

void bind_account(py::module_& module) {
    py::class_<Account>(module, "Account")
        .def(py::init<>())
        .def("fill", &fill, py::arg("side"), py::arg("price"), py::arg("lots"), py::arg("fee_nano") = WideMoney{0})
        .def_property_readonly("position", &Account::position)
        .def_property_readonly("cash", &Account::cash)
        .def_property_readonly("cost", &Account::cost)
        .def_property_readonly("realised", &Account::realised)
        .def_property_readonly("fees_nano", &Account::fees_nano)
        .def_property_readonly("fees", &Account::fees)
        .def_property_readonly("turnover", &Account::turnover)
        .def_property_readonly("average_cost", &Account::average_cost)
        .def("unrealised2", &Account::unrealised2, py::arg("mid2"))
        .def("total2", &Account::total2, py::arg("mid2"))
        .def("pnl", &Account::pnl, py::arg("mid2"));
}

void bind_states(py::module_& module) {
    py::class_<MarketState>(module, "MarketState")
        .def(py::init([](double mid_price, double spread, double volatility) {
                 return MarketState{mid_price, spread, volatility};
             }),
             py::arg("mid_price"), py::arg("spread") = 0.0, py::arg("volatility") = 0.0)
        .def_readonly("mid_price", &MarketState::mid_price)
        .def_readonly("spread", &MarketState::spread)
        .def_readonly("volatility", &MarketState::volatility);
    py::class_<InventoryState>(module, "InventoryState")
        .def(py::init([](double position, double max_position) {
                 check(std::isfinite(position), "position", "be finite", position);
                 check_above(max_position, 0, "max_position");
                 return InventoryState{position, max_position};
             }),
             py::arg("position"), py::arg("max_position"))
        .def_readonly("position", &InventoryState::position)
        .def_readonly("max_position", &InventoryState::max_position)
        .def_property_readonly("ratio", &InventoryState::ratio);
}

}  // namespace

void bind_market_maker(py::module_& module) {
    bind_account(module);
    bind_states(module);
    py::class_<Quote>(module, "Quote")
        .def_readonly("bid_price", &Quote::bid_price)
        .def_readonly("ask_price", &Quote::ask_price)
        .def_readonly("bid_size", &Quote::bid_size)
        .def_readonly("ask_size", &Quote::ask_size)
        .def("__getitem__", &quote_item, py::arg("name"));
    module.def("skew_shape", py::vectorize(&AdaptiveMarketMaker::skew_shape), py::arg("x"));
    py::class_<AdaptiveMarketMaker>(module, "MarketMaker")
        .def(py::init<const QuoteParams&>(), py::arg("params"))
        .def(py::init([](const py::kwargs& fields) {
            const py::object params = py::type::of<QuoteParams>();
            return AdaptiveMarketMaker(params(**fields).cast<QuoteParams>());
        }))
        .def(
            "calculate_quotes",
            [](const AdaptiveMarketMaker& maker, const AnyMarket& state, const AnyInventory& inventory, double alpha) {
                return maker.calculate_quotes(market_state(state), shares(inventory, maker), alpha);
            },
            py::arg("market_state"), py::arg("inventory"), py::arg("alpha") = 0.0)
        .def("calculate_inventory_skew", &AdaptiveMarketMaker::calculate_inventory_skew, py::arg("inventory"))
        .def("calculate_inventory_penalty", &AdaptiveMarketMaker::calculate_inventory_penalty, py::arg("inventory"))
        .def("update_position", &AdaptiveMarketMaker::update_position, py::arg("side"), py::arg("price"),
             py::arg("size"), py::arg("fee") = 0.0)
        .def("get_pnl", &pnl, py::arg("mid_price"))
        .def(
            "liquidation_cost",
            [](const AdaptiveMarketMaker& maker, const AnyMarket& state) {
                return maker.liquidation_cost(market_state(state));
            },
            py::arg("market_state"))
        .def_property_readonly("position", [](const AdaptiveMarketMaker& maker) { return maker.account().position(); });
}

}  // namespace mm
