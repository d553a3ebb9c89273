// Of a model that takes the newest rows of an image which has no end (stream.h), a frame each.
#ifndef MOTE_EXPORT_COMPILER_STREAM_WINDOW_H_
#define MOTE_EXPORT_COMPILER_STREAM_WINDOW_H_

namespace mote::compiler {

struct Stream {
  int window_rows = 0;  // of the image that the model of the file takes
  int frame_rows = 0;   // that a call takes
  int frames() const { return (window_rows + frame_rows - 1) / frame_rows; }  // until they are a window
};

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STREAM_WINDOW_H_
