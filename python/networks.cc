// Network and the bundled data.
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/recipe.h"
#include "datasets/nearest.h"
#include "datasets/readers.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace mote_python {
namespace {

using Pair = std::variant<int64_t, std::array<int64_t, 2>>;  // 3 or (3, 5)

std::array<int64_t, 2> Both(const Pair& pair) {
  if (const auto* one = std::get_if<int64_t>(&pair)) return {*one, *one};
  return std::get<std::array<int64_t, 2>>(pair);
}

mote::Padding PaddingFrom(const std::string& name) {
  if (name == "same") return mote::Padding::kSame;
  if (name == "valid") return mote::Padding::kValid;
  throw py::value_error(absl::StrCat("padding is '", name, "'; it is same or valid"));
}

mote::NetworkBuilder& Builder(NetworkHandle& network) {
  if (!network.builder) {
    throw py::value_error(absl::StrCat("network '", network.whole.name,
                                       "' was read whole and takes no further layers; edit what to_dict() gives"));
  }
  return *network.builder;
}

NetworkHandle FromJson(const std::string& text) {
  NetworkHandle network;
  network.whole = Value(mote::NetworkFromJson(text));
  Value(mote::InferShapes(network.whole));
  return network;
}

NetworkHandle FromToml(const std::string& path, const std::vector<int64_t>& input_shape) {
  const mote::Recipe recipe = Value(mote::LoadRecipe(path));
  const std::vector<int64_t>& shape = input_shape.empty() ? recipe.network.input_shape : input_shape;
  if (shape.empty()) {
    throw py::value_error(absl::StrCat(path, ": [network] has no input; give input_shape=(height, width, channels)"));
  }
  NetworkHandle network;
  network.whole = Value(mote::NetworkFor(recipe, shape));
  return network;
}

// Says what is wrong with the newest layer or with what leads to it. Branches that are still open are left alone.
absl::Status CheckNewest(const mote::Network& network) {
  std::set<std::string> needed = {network.layers.back().name};
  mote::Network part;
  part.name = network.name;
  part.input_shape = network.input_shape;
  for (auto layer = network.layers.rbegin(); layer != network.layers.rend(); ++layer) {
    if (needed.count(layer->name) == 0) continue;
    needed.insert(layer->inputs.begin(), layer->inputs.end());
    part.layers.insert(part.layers.begin(), *layer);
  }
  return mote::InferShapes(part).status();
}

// Adds a layer, names it, and looks at once whether it fits; a layer that does not is not kept.
template <typename Add>
NetworkHandle& Append(NetworkHandle& network, const std::string& name, Add add) {
  mote::NetworkBuilder& builder = Builder(network);
  const mote::NetworkBuilder before = builder;
  add(builder);
  if (!name.empty()) builder.Named(name);
  const mote::Network built = builder.Build();
  absl::Status status = built.layers.size() > 1 ? CheckNewest(built) : absl::OkStatus();
  for (size_t i = 0; status.ok() && i + 1 < built.layers.size(); ++i) {
    if (built.layers[i].name == built.layers.back().name) {
      status = absl::InvalidArgumentError(
          absl::StrCat("the name '", built.layers[i].name, "' is taken by an earlier layer"));
    }
  }
  if (!status.ok()) {
    builder = before;
    Throw(status);
  }
  return network;
}

NetworkHandle& From(NetworkHandle& network, const std::string& name) {
  if (mote::LayerIndex(network.get(), name) < 0) {
    std::vector<std::string> names;
    for (const mote::Layer& layer : network.get().layers) names.push_back(layer.name);
    throw py::value_error(
        absl::StrCat("'", name, "' is not a layer (did you mean '", mote::Nearest(name, names), "'?)"));
  }
  Builder(network).From(name);
  return network;
}

void BindDatasets(py::module_& module) {
  py::class_<mote::Dataset>(module, "Dataset", "Samples and what is to be learnt of them.")
      .def_readonly("name", &mote::Dataset::name)
      .def_property_readonly("inputs", [](const mote::Dataset& d) { return ToArray(d.inputs); })
      .def_property_readonly("labels",
                             [](const mote::Dataset& d) -> py::object {
                               if (!d.labels.defined()) return py::none();
                               return ToArray(d.labels);
                             })
      .def_property_readonly("targets",
                             [](const mote::Dataset& d) -> py::object {
                               if (!d.targets.defined()) return py::none();
                               return ToArray(d.targets);
                             })
      .def_readonly("class_names", &mote::Dataset::class_names)
      .def_readonly("unit", &mote::Dataset::unit)
      .def_property_readonly("sample_shape", [](const mote::Dataset& d) { return ToTuple(d.sample_shape()); })
      .def("__len__", &mote::Dataset::size)
      .def("__repr__", [](const mote::Dataset& d) {
        return absl::StrCat("<mote.Dataset '", d.name, "': ", d.size(), " samples of ",
                            std::string(py::repr(ToTuple(d.sample_shape()))), ">");
      });
  py::class_<mote::Splits>(module, "Splits", "The training, validation and test part of one dataset.")
      .def_readonly("train", &mote::Splits::train)
      .def_readonly("validation", &mote::Splits::validation)
      .def_readonly("test", &mote::Splits::test);
  module.def("digits", [] { return Value(mote::DigitsSplits()); });
}

}  // namespace

void BindNetworks(py::module_& module) {
  BindDatasets(module);

  using Self = NetworkHandle&;
  const auto chain = py::return_value_policy::reference_internal;
  py::class_<NetworkHandle>(
      module, "Network",
      "A float network as plain data. Each method adds a layer behind the current one and gives the "
      "network itself back, so that calls read like the network.")
      .def(py::init([](const std::string& name, const std::vector<int64_t>& input_shape) {
             NetworkHandle network;
             network.builder.emplace(name, input_shape);
             mote::NetworkBuilder probe = *network.builder;  // InferShapes takes a network with a layer
             Value(mote::InferShapes(probe.Relu().Build()));
             return network;
           }),
           py::arg("name"), py::arg("input_shape"))
      .def_static("from_json", &FromJson, py::arg("text"))
      .def_static("from_toml", &FromToml, py::arg("path"), py::arg("input_shape") = std::vector<int64_t>())
      .def(
          "conv_2d",
          [](Self self, int64_t filters, const Pair& kernel, const Pair& stride, const Pair& dilation,
             const std::string& padding, bool bias, const std::string& name) -> Self {
            mote::ConvOptions options{Both(stride), Both(dilation), PaddingFrom(padding), 1, bias};
            return Append(self, name, [&](auto& builder) { builder.Conv2d(filters, Both(kernel), options); });
          },
          py::arg("filters"), py::arg("kernel"), py::kw_only(), py::arg("stride") = Pair(1),
          py::arg("dilation") = Pair(1), py::arg("padding") = "same", py::arg("bias") = true, py::arg("name") = "",
          chain)
      .def(
          "depthwise_conv_2d",
          [](Self self, const Pair& kernel, const Pair& stride, const Pair& dilation, const std::string& padding,
             int64_t multiplier, bool bias, const std::string& name) -> Self {
            mote::ConvOptions options{Both(stride), Both(dilation), PaddingFrom(padding), multiplier, bias};
            return Append(self, name, [&](auto& builder) { builder.DepthwiseConv2d(Both(kernel), options); });
          },
          py::arg("kernel"), py::kw_only(), py::arg("stride") = Pair(1), py::arg("dilation") = Pair(1),
          py::arg("padding") = "same", py::arg("depth_multiplier") = 1, py::arg("bias") = true, py::arg("name") = "",
          chain)
      .def(
          "dense",
          [](Self self, int64_t units, bool bias, const std::string& name) -> Self {
            return Append(self, name, [&](auto& builder) { builder.Dense(units, bias); });
          },
          py::arg("units"), py::kw_only(), py::arg("bias") = true, py::arg("name") = "", chain)
      .def(
          "batch_norm",
          [](Self self, double epsilon, double momentum, const std::string& name) -> Self {
            return Append(self, name, [&](auto& builder) { builder.BatchNorm(epsilon, momentum); });
          },
          py::kw_only(), py::arg("epsilon") = 1e-3, py::arg("momentum") = 0.1, py::arg("name") = "", chain)
      .def(
          "relu",
          [](Self self, const std::string& name) -> Self {
            return Append(self, name, [](auto& builder) { builder.Relu(); });
          },
          py::kw_only(), py::arg("name") = "", chain)
      .def(
          "relu6",
          [](Self self, const std::string& name) -> Self {
            return Append(self, name, [](auto& builder) { builder.Relu6(); });
          },
          py::kw_only(), py::arg("name") = "", chain)
      .def(
          "max_pool_2d",
          [](Self self, const Pair& kernel, const Pair& stride, const std::string& padding,
             const std::string& name) -> Self {
            mote::PoolOptions options{Both(stride), PaddingFrom(padding)};
            return Append(self, name, [&](auto& builder) { builder.MaxPool2d(Both(kernel), options); });
          },
          py::arg("kernel"), py::kw_only(), py::arg("stride") = Pair(0), py::arg("padding") = "valid",
          py::arg("name") = "", chain)
      .def(
          "average_pool_2d",
          [](Self self, const Pair& kernel, const Pair& stride, const std::string& padding,
             const std::string& name) -> Self {
            mote::PoolOptions options{Both(stride), PaddingFrom(padding)};
            return Append(self, name, [&](auto& builder) { builder.AveragePool2d(Both(kernel), options); });
          },
          py::arg("kernel"), py::kw_only(), py::arg("stride") = Pair(0), py::arg("padding") = "valid",
          py::arg("name") = "", chain)
      .def(
          "global_average_pool",
          [](Self self, const std::string& name) -> Self {
            return Append(self, name, [](auto& builder) { builder.GlobalAveragePool(); });
          },
          py::kw_only(), py::arg("name") = "", chain)
      .def(
          "add",
          [](Self self, const std::string& other, const std::string& name) -> Self {
            return Append(self, name, [&](auto& builder) { builder.Add(other); });
          },
          py::arg("other"), py::kw_only(), py::arg("name") = "", chain)
      .def(
          "concat",
          [](Self self, const std::vector<std::string>& others, const std::string& name) -> Self {
            return Append(self, name, [&](auto& builder) { builder.Concat(others); });
          },
          py::arg("others"), py::kw_only(), py::arg("name") = "", chain)
      .def(
          "flatten",
          [](Self self, const std::string& name) -> Self {
            return Append(self, name, [](auto& builder) { builder.Flatten(); });
          },
          py::kw_only(), py::arg("name") = "", chain)
      .def(
          "dropout",
          [](Self self, double rate, const std::string& name) -> Self {
            return Append(self, name, [&](auto& builder) { builder.Dropout(rate); });
          },
          py::arg("rate"), py::kw_only(), py::arg("name") = "", chain)
      .def(
          "softmax",
          [](Self self, const std::string& name) -> Self {
            return Append(self, name, [](auto& builder) { builder.Softmax(); });
          },
          py::kw_only(), py::arg("name") = "", chain)
      .def(
          "named", [](Self self, const std::string& name) -> Self { return Append(self, name, [](auto&) {}); },
          py::arg("name"), chain)
      .def(
          "from_layer", [](Self self, const std::string& name) -> Self { return From(self, name); }, py::arg("name"),
          chain)
      .def_property_readonly("name", [](const NetworkHandle& self) { return self.get().name; })
      .def_property_readonly("input_shape", [](const NetworkHandle& self) { return ToTuple(self.get().input_shape); })
      .def_property_readonly(
          "output_shape",
          [](const NetworkHandle& self) { return ToTuple(Value(mote::InferShapes(self.get())).back()); })
      .def_property_readonly("layers",
                             [](const NetworkHandle& self) {
                               const mote::Network network = self.get();
                               const std::vector<mote::Shape> shapes = Value(mote::InferShapes(network));
                               py::list layers;
                               for (size_t i = 0; i < shapes.size(); ++i) {
                                 layers.append(py::make_tuple(network.layers[i].name,
                                                              std::string(mote::LayerKindName(network.layers[i].kind)),
                                                              ToTuple(shapes[i])));
                               }
                               return layers;
                             })
      .def("summary", [](const NetworkHandle& self) { return Value(mote::Summary(self.get())); })
      .def("to_json", [](const NetworkHandle& self) { return mote::NetworkToJson(self.get()); })
      .def("__eq__", [](const NetworkHandle& a, const NetworkHandle& b) { return a.get() == b.get(); })
      .def("__repr__", [](const NetworkHandle& self) {
        const mote::Network network = self.get();
        return absl::StrCat("<mote.Network '", network.name, "': ", network.layers.size(), " layers>");
      });
}

}  // namespace mote_python
