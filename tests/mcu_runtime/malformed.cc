#include "tests/mcu_runtime/malformed.h"

#include "tests/fuzz/load_and_run.h"
#include "tests/mcu_runtime/loading.h"

namespace mote::test {

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

}  // namespace mote::test
