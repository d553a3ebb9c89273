/* mote_selftest: runs the inputs that the export has stored in the file, and compares every operator's checksum.
 *
 * The metadata entry "mote_selftest" names a buffer (little-endian, at any alignment):
 *   uint32_t magic, version, samples, operators
 *   for each sample: the bytes of all inputs, in order; a uint32_t checksum for each operator, in order of execution
 * Samples follow one another without a reset, so that state is tested too.
 */
#include "mcu_runtime/model.h"

namespace mote::device {
namespace {

enum Header : uint32_t { kMagic = 0, kVersion = 4, kSamples = 8, kOperators = 12, kHeaderBytes = 16 };
constexpr char kEntryName[] = "mote_selftest";

/* The buffer of the entry with our name; empty where there is none. */
Vector FindGolden(Graph* graph) {
  enum MetadataField : uint32_t { kName = 0, kBuffer = 1 };
  const Vector entries = graph->Metadata();
  for (uint32_t i = 0; i < entries.size; ++i) {
    const Table entry = graph->file.ElementTable(entries, i);
    const Vector name = graph->file.FieldVector(entry, kName, 1);
    if (name.size != sizeof kEntryName - 1) continue;
    if (__builtin_memcmp(graph->file.data() + name.at, kEntryName, name.size) != 0) continue;
    return graph->ReadBuffer(graph->file.FieldU32(entry, kBuffer, 0));
  }
  return Vector();
}

struct Golden {
  const uint8_t* samples;
  uint32_t count;
  uint32_t input_bytes; /* of one sample */
  uint32_t operators;
};

MOTE_NOINLINE mote_status ReadGolden(const mote_model* model, Golden* golden) {
  const Model* loaded = LoadedModel(model);
  if (loaded == nullptr) return model == nullptr ? MOTE_ERROR_ARGUMENT : MOTE_ERROR_NOT_LOADED;
  Graph graph = loaded->graph; /* a copy: what is wrong with the metadata is not wrong with the model */
  const Vector data = FindGolden(&graph);
  if (graph.file.status != MOTE_OK || data.size < kHeaderBytes) return MOTE_ERROR_SELFTEST;
  const uint8_t* bytes = graph.file.data() + data.at;
  golden->samples = bytes + kHeaderBytes;
  golden->count = LoadUnaligned<uint32_t>(bytes + kSamples);
  golden->input_bytes = 0;
  golden->operators = LoadUnaligned<uint32_t>(bytes + kOperators);
  if (LoadUnaligned<uint32_t>(bytes + kMagic) != MOTE_SELFTEST_MAGIC ||
      LoadUnaligned<uint32_t>(bytes + kVersion) != 1 || golden->operators != graph.operators.size) {
    return MOTE_ERROR_SELFTEST;
  }
  for (uint32_t i = 0; i < graph.inputs.size; ++i) {
    TensorInfo input;
    MOTE_RETURN_IF_ERROR(graph.ReadTensor(graph.file.ElementI32(graph.inputs, i), &input));
    golden->input_bytes += input.bytes;
    if (golden->input_bytes > data.size) return MOTE_ERROR_SELFTEST;
  }
  const uint32_t sample_bytes = golden->input_bytes + 4 * golden->operators;
  const uint32_t rest = data.size - kHeaderBytes;
  if (golden->count == 0 || sample_bytes == 0 || rest / sample_bytes != golden->count || rest % sample_bytes != 0) {
    return MOTE_ERROR_SELFTEST;
  }
  return MOTE_OK;
}

struct Comparison {
  const uint8_t* checksums;
  int32_t fault_op; /* the first that differs, or -1 */
};

void Compare(void* context, const mote_model* model, int32_t op) {
  Comparison& comparison = *static_cast<Comparison*>(context);
  if (comparison.fault_op >= 0) return;
  if (LoadCode<uint32_t>(comparison.checksums, op) != mote_model_checksum(model, op)) comparison.fault_op = op;
}

mote_status RunGolden(mote_model* model, const Golden& golden, Comparison* comparison) {
  comparison->checksums = golden.samples;
  for (uint32_t s = 0; s < golden.count; ++s) {
    const uint8_t* from = comparison->checksums; /* behind the last sample's */
    comparison->checksums += golden.input_bytes;
    for (int32_t i = 0; from != comparison->checksums; ++i) {
      const mote_tensor input = mote_model_input(model, i);
      if (input.data == nullptr) return MOTE_ERROR_SELFTEST;
      __builtin_memcpy(input.data, from, input.bytes);
      from += input.bytes;
    }
    MOTE_RETURN_IF_ERROR(mote_model_invoke(model));
    if (comparison->fault_op >= 0) return MOTE_ERROR_SELFTEST;
    comparison->checksums += 4 * golden.operators;
  }
  return MOTE_OK;
}

}  // namespace
}  // namespace mote::device

mote_status mote_selftest(mote_model* model) {
  mote::device::Golden golden;
  const mote_status found = ReadGolden(model, &golden);
  if (found == MOTE_ERROR_ARGUMENT || found == MOTE_ERROR_NOT_LOADED) return found;
  model->fault = {-1, -1, -1};
  if (found != MOTE_OK) return found;
  MOTE_RETURN_IF_ERROR(mote_model_reset(model));
  const mote_hook hook = model->hook;
  void* const hook_context = model->hook_context;
  mote::device::Comparison comparison = {nullptr, -1};
  mote_model_set_hook(model, mote::device::Compare, &comparison);
  const mote_status status = RunGolden(model, golden, &comparison);
  mote_model_set_hook(model, hook, hook_context);
  const mote_status reset = mote_model_reset(model);
  if (comparison.fault_op >= 0) {
    model->fault.op = comparison.fault_op;
    model->fault.code = mote_model_operator_code(model, comparison.fault_op);
  }
  return status == MOTE_OK ? reset : status;
}
