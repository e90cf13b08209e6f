#include "snug/shell/keyboard.hh"

namespace snug::shell {
namespace {

volatile std::sig_atomic_t interrupted = 0;

// A handler, because programs that are started would inherit that a signal is ignored, and not a handler. Without
// SA_RESTART, so that what waits for ever can be left.
void spare(int signal, struct sigaction& before) {
  ::sigaction(signal, nullptr, &before);
  if (before.sa_handler != SIG_DFL) return;
  struct sigaction note {};
  note.sa_handler = [](int number) {
    if (number == SIGINT) interrupted = 1;
  };
  ::sigaction(signal, &note, nullptr);
}

}  // namespace

SparedFromKeyboard::SparedFromKeyboard() {
  spare(SIGINT, interrupt_);
  spare(SIGQUIT, quit_);
}

SparedFromKeyboard::~SparedFromKeyboard() {
  ::sigaction(SIGINT, &interrupt_, nullptr);
  ::sigaction(SIGQUIT, &quit_, nullptr);
}

bool was_interrupted() { return interrupted != 0; }

void forget_interrupt() { interrupted = 0; }

}  // namespace snug::shell
