// Damaged copies of a model: refused or run, with defined results, under sanitizers.
//
//   mutation_test small             every single-bit flip of a small model, each run when it loads
//   mutation_test NAME              20,000 random mutants of one of tests/data/mlperf_tiny
//   mutation_test NAME SEED [COUNT] those from SEED on, each run when it loads
//
// Every mutant is loaded. Running takes long for the large models, so that of those that load one in
// kModels[..].run_every is run, fully checked (tests/fuzz/load_and_run.h).
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/load_and_run.h"
#include "tests/fuzz/places.h"
#include "tests/mcu_runtime/model_builder.h"

// Reports end in abort(), where the number of the mutant is known.
extern "C" const char* __asan_default_options() { return "abort_on_error=1:detect_leaks=0"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

using mote::test::LoadAndRun;
using mote::test::Place;
using mote::test::Verdict;

constexpr uint32_t kMutants = 20000;

struct Model {
  const char* name;
  uint32_t run_every;
};
constexpr Model kModels[] = {
    {"ad01_int8", 20},         {"kws_ref_model", 100}, {"pretrainedResnet_quant", 400},
    {"str_ww_ref_model", 100}, {"vww_96_int8", 250},
};

// What a report of a sanitizer ends with.
const char* current_program = "";
const char* current_model = "";
uint32_t current = 0;
void SayHowToRepeat() {
  std::fprintf(stderr, "mutant %u of %s; run it again: %s %s %u 1\n", current, current_model, current_program,
               current_model, current);
}

std::vector<uint8_t> FlipBit(const std::vector<uint8_t>& whole, uint32_t bit) {
  std::vector<uint8_t> file = whole;
  file[bit / 8] = static_cast<uint8_t>(file[bit / 8] ^ (1 << bit % 8));
  return file;
}

// One to three damages: half of them of numbers that mean something, else bits, bytes and words anywhere, and now and
// then a shorter file.
std::vector<uint8_t> Mutant(const std::vector<uint8_t>& whole, const std::vector<Place>& places, uint32_t seed) {
  static constexpr uint32_t kExtremes[] = {0,      1,          0x7f,       0x80,       0xff,
                                           0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
  std::minstd_rand random(seed * 2654435761u + 1);
  random.discard(8);
  const auto pick = [&random](size_t below) { return static_cast<size_t>(random() >> 2) % below; };
  std::vector<uint8_t> file = whole;
  for (size_t n = 1 + pick(3); n != 0; --n) {
    const size_t at = pick(file.size() - 4);
    switch (pick(8)) {
      case 0:
        file[at] = static_cast<uint8_t>(file[at] ^ (1 << pick(8)));
        break;
      case 1:
        file[at] = static_cast<uint8_t>(pick(256));
        break;
      case 2:
        std::memcpy(file.data() + at, &kExtremes[pick(std::size(kExtremes))], 4);
        break;
      case 3:
        if (pick(4) == 0) file.resize(std::max<size_t>(8, at));
        break;
      default:
        MutatePlace(places, file.data(), file.size(), random);
        break;
    }
  }
  return file;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  current_program = arguments[0];
  current_model = arguments[1];
  std::signal(SIGABRT, [](int) { SayHowToRepeat(); });
  const std::string name = current_model;
  const bool small = name == "small";
  std::vector<uint8_t> whole;
  uint32_t run_every = 1;
  if (small) {
    whole = mote::test::Build(mote::test::SmallModel());
  } else {
    std::ifstream file(std::string(MOTE_SOURCE_DIR "/tests/data/mlperf_tiny/") + name + ".tflite", std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    for (const Model& model : kModels) {
      if (model.name == name) run_every = model.run_every;
    }
  }
  if (whole.size() < 64) {
    std::fprintf(stderr, "%s: no such model\n", current_model);
    return 2;
  }
  const std::vector<Place> places = mote::test::FindPlaces(whole.data(), whole.size());
  const uint32_t first = count > 2 ? static_cast<uint32_t>(std::strtoul(arguments[2], nullptr, 10)) : 0;
  uint32_t mutants = small ? static_cast<uint32_t>(whole.size() * 8) : kMutants;
  if (count > 2) mutants = count > 3 ? static_cast<uint32_t>(std::strtoul(arguments[3], nullptr, 10)) : 1;
  mote::test::Limits limits;
  limits.arena_bytes = 8 << 20;
  limits.work = 1 << 28;
  uint32_t verdicts[5] = {}, loaded = 0;
  for (current = first; current != first + mutants; ++current) {
    limits.run = count > 2 || loaded % run_every == 0;
    const std::vector<uint8_t> file = small ? FlipBit(whole, current) : Mutant(whole, places, current);
    const Verdict verdict = LoadAndRun(file.data(), file.size(), limits);
    ++verdicts[static_cast<int>(verdict)];
    if (verdict != Verdict::kRefused && verdict != Verdict::kTooLarge) ++loaded;
  }
  std::printf(
      "%s: %u mutants, %u refused, %u loaded, of which %u ran; %u asked for too large an arena, %u for too much work\n",
      current_model, mutants, verdicts[0], loaded, verdicts[4], verdicts[1], verdicts[2]);
  // Most files of both kinds, or the test tests little.
  return count > 2 || (verdicts[0] > mutants / 20 && loaded > mutants / 20 && verdicts[4] > 20) ? 0 : 1;
}
