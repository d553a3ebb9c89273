// What the C header and the source of a streamed model have of their own.
#include "absl/strings/substitute.h"
#include "export/compiler/emit_parts.h"

namespace mote::compiler {
namespace {

// $0 the name, $1 the same in capitals, $2 the type of the input's elements, $3 bytes of a frame, $4 and $5 rows of a
// frame and a window, $6 frames until a window is whole, $7 bytes that are kept, $8 the place of the frame in the
// arena.
std::string Filled(const char* text, const Network& network, const Plan& plan, const EmitOptions& options) {
  const Tensor& frame = network.tensors[plan.buffers[plan.inputs[0]].tensor];
  return absl::Substitute(text, options.name, Upper(options.name), CType(frame), frame.bytes,
                          network.stream->frame_rows, network.stream->window_rows, network.stream->frames(),
                          plan.state_bytes, PlaceOf(plan, plan.inputs[0]));
}

}  // namespace

std::string StreamDeclarations(const Network& network, const Plan& plan, const EmitOptions& options) {
  return Filled(
      R"(#define $1_WINDOW_ROWS $5
#define $1_FRAME_ROWS $4
#define $1_FRAME_BYTES $3
#define $1_FRAMES $6

/* Before the first frame of a stream: what is kept becomes zero. */
void $0_reset(void* arena);
/* Takes a frame, the next rows of the input, from the top. Says 1 where they and those before make a whole window,
 * from frame number $1_FRAMES after the reset on: the output is that of the last $1_WINDOW_ROWS rows.
 * Before, it says 0: the output then takes rows that nothing was computed of yet for bytes of zero, and is no
 * window's. */
int $0_push_frame(void* arena, const $2* frame);
)",
      network, plan, options);
}

std::string StreamFunctions(const Network& network, const Plan& plan, const EmitOptions& options) {
  return Filled(
      R"(
void $0_reset(void* arena) { __builtin_memset(arena, 0, $7); }

int $0_push_frame(void* memory, const $2* frame) {
  uint8_t* arena = static_cast<uint8_t*>(memory);
  __builtin_memcpy(arena + $8, frame, $1_FRAME_BYTES);
  RunFrame(arena);
  int32_t* frames = static_cast<int32_t*>(memory);  // since the reset, up to those of a window
  if (*frames < $1_FRAMES) ++*frames;
  return *frames == $1_FRAMES;
}
)",
      network, plan, options);
}

}  // namespace mote::compiler
