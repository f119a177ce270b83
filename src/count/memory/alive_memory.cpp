#include "count/memory/alive_memory.h"

namespace thoplw {

Count most_activations(const std::vector<Breath>& breaths) {
  Count most = 0;
  for (const Breath& breath : breaths) most = std::max(most, breath.activations);
  return most;
}

Count rounded_up(Count bytes, std::uint64_t unit) {
  return bytes == 0 || unit <= 1 ? bytes : (bytes + (unit - 1)).value() / unit * unit;
}

AliveMemory::Index AliveMemory::put(Count bytes, const char* what, Id op) {
  pieces_.push_back({.bytes = rounded(bytes), .what = what, .op = op});
  return pieces_.size() - 1;
}

AliveMemory::Index AliveMemory::add(Count bytes, const char* what, Id op) {
  const Index index = put(bytes, what, op);
  refer(index);
  return index;
}

void AliveMemory::refer(Index index) {
  Piece& piece = pieces_[index];
  if (piece.references++ == 0) sum_of(piece) += piece.bytes;
}

void AliveMemory::drop(Index index) {
  Piece& piece = pieces_[index];
  if (--piece.references == 0) sum_of(piece) -= piece.bytes;
}

void AliveMemory::let_go(std::vector<Index>& pieces) {
  for (const Index piece : pieces) drop(piece);
  pieces.clear();
}

void AliveMemory::give_to_parameter(Index index) {
  Piece& piece = pieces_[index];
  if (piece.of_parameter) return;
  activations_ -= piece.bytes;
  gradients_ += piece.bytes;
  piece.of_parameter = true;
  piece.what = "gradient of a parameter";
}

void AliveMemory::observe(Count besides, Count lacking) {
  Breath& breath = breaths_.back();
  Count now = activations_ + rounded(besides);
  now -= std::min(now, lacking);
  if (gradients_ + now <= breath.gradients + breath.activations) return;
  breath.gradients = gradients_;
  breath.activations = now;
  if (breaths_.size() - 1 != listed_) return;
  alive_.clear();
  for (const Piece& piece : pieces_) {
    if (piece.references > 0 && piece.bytes > 0) alive_.push_back({piece.what, piece.op, piece.bytes});
  }
  if (besides > 0) alive_.push_back({"temporary", breath.op, rounded(besides)});
}

}  // namespace thoplw
