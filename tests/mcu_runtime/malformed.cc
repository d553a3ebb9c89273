#include "tests/mcu_runtime/malformed.h"

#include "tests/fuzz/load_and_run.h"
#include "tests/mcu_runtime/loading.h"

namespace mote::test {
namespace {

size_t BytesOf(const TensorSpec& tensor) {
  size_t elements = 1;
  for (const int32_t extent : tensor.shape) elements *= static_cast<size_t>(extent);
  switch (tensor.type) {
    case MOTE_INT64:
      return 8 * elements;
    case MOTE_FLOAT32:
    case MOTE_INT32:
      return 4 * elements;
    case MOTE_INT16:
      return 2 * elements;
    case MOTE_INT4:
      return (elements + 1) / 2;
    default:
      return elements;
  }
}

// Every model that differs from a sound one in one thing about one tensor or operator is refused or runs.
class Neighbours {
 public:
  explicit Neighbours(const ModelSpec& sound) : sound_(sound) {}

  void VisitAll() {
    for (size_t t = 0; t < sound_.tensors.size(); ++t)
      VisitTensor([t](ModelSpec& m) -> TensorSpec& { return m.tensors[t]; });
    for (size_t s = 0; s < sound_.more.size(); ++s) {
      for (size_t t = 0; t < sound_.more[s].tensors.size(); ++t) {
        VisitTensor([s, t](ModelSpec& m) -> TensorSpec& { return m.more[s].tensors[t]; });
      }
    }
    for (size_t i = 0; i < sound_.operators.size(); ++i) VisitOperator(i);
    EXPECT_GT(refused_, 10);
  }

 private:
  template <typename Change>
  void Visit(Change change) {
    ModelSpec model = sound_;
    change(model);
    const std::vector<uint8_t> file = Build(model);
    if (LoadAndRun(file.data(), file.size()) == Verdict::kRefused) ++refused_;
  }

  // A constant's data stay as long as its shape and type say.
  template <typename Of>
  void VisitTensor(Of of) {
    const auto visit = [&](auto change) {
      Visit([&](ModelSpec& model) {
        TensorSpec& tensor = of(model);
        change(tensor);
        if (tensor.data) tensor.data->resize(BytesOf(tensor), 1);
      });
    };
    const TensorSpec tensor = of(sound_);
    for (const int8_t type : {MOTE_FLOAT32, MOTE_INT32, MOTE_UINT8, MOTE_INT64, MOTE_BOOL, MOTE_INT16, MOTE_INT8,
                              MOTE_RESOURCE, MOTE_INT4}) {
      visit([type](TensorSpec& t) { t.type = type; });
      visit([type](TensorSpec& t) { t.type = type, t.zero_points.assign(t.zero_points.size(), 0); });
    }
    visit([](TensorSpec& t) { t.shape.push_back(1); });
    visit([](TensorSpec& t) { t.shape.insert(t.shape.begin(), 1); });
    visit([](TensorSpec& t) { t.shape.insert(t.shape.begin(), 2); });
    visit([](TensorSpec& t) { t.shape.clear(); });
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
      visit([d](TensorSpec& t) { ++t.shape[d]; });
      visit([d](TensorSpec& t) { t.shape[d] *= 2; });
      visit([d](TensorSpec& t) { t.shape[d] = 1; });
      visit([d](TensorSpec& t) { t.shape.erase(t.shape.begin() + static_cast<std::ptrdiff_t>(d)); });
    }
    for (const float scale : {0.0f, 1e-30f, 1e-9f, 1e-4f, 1.0f, 1e4f, 1e9f, 1e30f}) {
      visit([scale](TensorSpec& t) { t.scales.assign(t.scales.size(), scale); });
    }
    visit([](TensorSpec& t) { t.scales.clear(), t.zero_points.clear(); });
    visit([](TensorSpec& t) { t.scales = {0.5f, 0.5f}, t.zero_points = {0, 0}; });
    visit([](TensorSpec& t) { t.zero_points.assign(t.zero_points.size(), 1); });
    visit([](TensorSpec& t) { t.zero_points.assign(t.zero_points.size(), 1000); });
    visit([](TensorSpec& t) { t.is_variable = !t.is_variable; });
    visit([](TensorSpec& t) { t.data.reset(); });
    for (const uint8_t byte : {0x00, 0x7f, 0x80, 0xff}) {
      visit([byte](TensorSpec& t) {
        if (t.data) t.data->assign(t.data->size(), byte);
      });
    }
  }

  void VisitOperator(size_t i) {
    const OperatorSpec& op = sound_.operators[i];
    const auto tensors = static_cast<int32_t>(sound_.tensors.size());
    for (size_t k = 0; k < op.inputs.size(); ++k) {
      for (int32_t t = -1; t <= tensors; ++t) Visit([=](ModelSpec& m) { m.operators[i].inputs[k] = t; });
    }
    for (size_t k = 0; k < op.outputs.size(); ++k) {
      for (int32_t t = -1; t <= tensors; ++t) Visit([=](ModelSpec& m) { m.operators[i].outputs[k] = t; });
    }
    Visit([i](ModelSpec& m) { m.operators[i].inputs.push_back(0); });
    Visit([i](ModelSpec& m) { m.operators[i].outputs.push_back(0); });
    Visit([i](ModelSpec& m) { m.operators[i].options_type = 0; });
    Visit([i](ModelSpec& m) { m.operators.insert(m.operators.begin(), m.operators[i]); });
    for (size_t k = 0; k < op.options.size(); ++k) {
      for (const int32_t number : {INT32_MIN, -2, -1, 0, 1, 2, 3, 4, 17, 127, 1 << 16, 1 << 27, INT32_MAX}) {
        Visit([=](ModelSpec& m) {
          OptionKind& value = m.operators[i].options[k].value;
          if (std::holds_alternative<int8_t>(value)) value = static_cast<int8_t>(number);
          if (std::holds_alternative<int32_t>(value)) value = number;
          if (std::holds_alternative<float>(value)) value = static_cast<float>(number);
          if (std::holds_alternative<std::vector<int32_t>>(value)) value = std::vector<int32_t>{number};
        });
      }
      Visit([=](ModelSpec& m) {
        m.operators[i].options.erase(m.operators[i].options.begin() + static_cast<std::ptrdiff_t>(k));
      });
    }
  }

  ModelSpec sound_;
  int refused_ = 0;
};

}  // namespace

TEST_P(MalformedModelOf, IsRefusedWithItsOwnErrorAndRunsWhenItIsNotBroken) {
  const MalformedCase& c = GetParam();
  ModelSpec model = c.sound();
  const std::vector<uint8_t> sound = Build(model);
  const Result good = Load(sound);
  ASSERT_EQ(good.status, MOTE_OK) << "the sound model: " << mote_status_text(good.status) << ", operator " << good.op
                                  << ", tensor " << good.tensor;
  EXPECT_EQ(LoadAndRun(sound.data(), sound.size()), Verdict::kRan);
  c.break_it(model);
  const std::vector<uint8_t> broken = Build(model);
  const Result bad = Load(broken);
  EXPECT_EQ(bad.status, c.status) << mote_status_text(bad.status);
  EXPECT_EQ(bad.op, c.op);
  EXPECT_EQ(bad.tensor, c.tensor);
  EXPECT_EQ(LoadAndRun(broken.data(), broken.size()), c.status == MOTE_OK ? Verdict::kRan : Verdict::kRefused);
}

void VisitNeighboursOf(const std::vector<ModelSpec (*)()>& models) {
  for (const auto sound : models) Neighbours(sound()).VisitAll();
}

}  // namespace mote::test
