#include <pybind11/native_enum.h>
#include <pybind11/stl.h>

#include "engine/bindings/bind.hpp"
#include "engine/market/scenario.hpp"

namespace py = pybind11;

namespace mm {

namespace {

void bind_enums(py::module_& module) {
    py::native_enum<FillMode>(module, "FillMode", "enum.Enum")
        .value("exponential", FillMode::exponential)
        .value("linear", FillMode::linear)
        .value("mbt", FillMode::mbt)
        .finalize();
    py::native_enum<ActionReference>(module, "ActionReference", "enum.Enum")
        .value("offsets", ActionReference::offsets)
        .value("residual", ActionReference::residual)
        .finalize();
}

void bind_flow(py::module_& module) {
    py::class_<Sizes>(module, "Sizes")
        .def(py::init([](std::vector<Lots> lots, std::vector<double> probability) {
                 Sizes sizes{std::move(lots), std::move(probability)};
                 sizes.validate("sizes");
                 return sizes;
             }),
             py::kw_only(), py::arg("lots"), py::arg("probability"))
        .def_readonly("lots", &Sizes::lots)
        .def_readonly("probability", &Sizes::probability);
    py::class_<PoissonParams>(module, "PoissonParams")
        .def(py::init([](std::vector<Ticks> distance, std::vector<double> limit_rate, std::vector<double> cancel_hazard,
                         double market_rate, Sizes limit_sizes, Sizes market_sizes) {
                 PoissonParams params{std::move(distance), std::move(limit_rate),  std::move(cancel_hazard),
                                      market_rate,         std::move(limit_sizes), std::move(market_sizes)};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("distance"), py::arg("limit_rate"), py::arg("cancel_hazard"),
             py::arg("market_rate"), py::arg("limit_sizes"), py::arg("market_sizes"));
    py::class_<QueueReactiveParams>(module, "QueueReactiveParams")
        .def(py::init([](std::vector<double> limit, std::vector<double> cancel, std::vector<double> market,
                         double imbalance_sensitivity) {
                 QueueReactiveParams params{std::move(limit), std::move(cancel), std::move(market),
                                            imbalance_sensitivity};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("limit"), py::arg("cancel"), py::arg("market"), py::arg("imbalance_sensitivity"));
    py::class_<HawkesParams>(module, "HawkesParams")
        .def(py::init([](std::vector<double> decay, std::vector<double> weight,
                         const std::array<std::array<double, kKinds>, kKinds>& branching) {
                 HawkesParams params{std::move(decay), std::move(weight), branching};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("decay"), py::arg("weight"), py::arg("branching"));
    py::class_<FlowParams>(module, "FlowParams")
        .def(py::init([](PoissonParams poisson, std::optional<QueueReactiveParams> queue_reactive,
                         std::optional<HawkesParams> hawkes) {
                 FlowParams params{std::move(poisson), std::move(queue_reactive), std::move(hawkes)};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("poisson"), py::arg("queue_reactive") = std::nullopt,
             py::arg("hawkes") = std::nullopt);
}

void bind_markets(py::module_& module) {
    py::class_<BookParams>(module, "BookParams")
        .def(py::init([](Ticks initial_mid, Ticks initial_spread, double warmup_s, double latency_ms, double maker_fee,
                         double taker_fee, FlowParams flow) {
                 BookParams params{initial_mid, initial_spread, warmup_s,       latency_ms,
                                   maker_fee,   taker_fee,      std::move(flow)};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("initial_mid"), py::arg("initial_spread"), py::arg("warmup_s"),
             py::arg("latency_ms"), py::arg("maker_fee"), py::arg("taker_fee"), py::arg("flow"));
    py::class_<ReducedFormParams>(module, "ReducedFormParams")
        .def(py::init([](double initial_mid, double rate, double decay, double volatility, double impact,
                         FillMode fill_mode, std::vector<double> drift, double drift_leaving_rate,
                         double drift_rate_sensitivity) {
                 ReducedFormParams params{initial_mid,
                                          rate,
                                          decay,
                                          volatility,
                                          impact,
                                          fill_mode,
                                          std::move(drift),
                                          drift_leaving_rate,
                                          drift_rate_sensitivity};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("initial_mid"), py::arg("rate"), py::arg("decay"), py::arg("volatility"),
             py::arg("impact"), py::arg("fill_mode"), py::arg("drift"), py::arg("drift_leaving_rate"),
             py::arg("drift_rate_sensitivity"));
}

void bind_scenario(py::module_& module) {
    py::class_<AgentParams>(module, "AgentParams")
        .def(py::init([](ActionReference action, double action_low, double action_high, double inventory_penalty,
                         double terminal_penalty) {
                 const AgentParams params{action, action_low, action_high, inventory_penalty, terminal_penalty};
                 params.validate();
                 return params;
             }),
             py::kw_only(), py::arg("action"), py::arg("action_low"), py::arg("action_high"),
             py::arg("inventory_penalty"), py::arg("terminal_penalty"))
        .def("penalty", &AgentParams::penalty, py::arg("lots"), py::arg("seconds"));
    py::class_<Scenario>(module, "Scenario")
        .def(py::init([](std::variant<BookParams, ReducedFormParams> market, const QuoteParams& maker,
                         const AgentParams& agent, double price_unit, double decision_interval_s,
                         std::uint32_t episode_steps) {
                 const Scenario scenario{std::move(market),   maker,        agent, price_unit,
                                         decision_interval_s, episode_steps};
                 scenario.validate();
                 return scenario;
             }),
             py::kw_only(), py::arg("market"), py::arg("maker"), py::arg("agent"), py::arg("price_unit"),
             py::arg("decision_interval_s"), py::arg("episode_steps"));
}

}  // namespace

void bind_params(py::module_& module) {
    bind_enums(module);
    bind_flow(module);
    bind_markets(module);
    bind_scenario(module);
}

}  // namespace mm
