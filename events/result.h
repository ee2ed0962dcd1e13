#pragma once
// Errors as values. A code says what the caller should do next; the message says what happened;
// the hint says what the person at the terminal can do.

#include "events/check.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace phantom {

enum class Code {
  kInvalid,        // the input is wrong: fix it
  kNotFound,       // the thing is not there
  kExists,         // the thing is already there
  kConflict,       // somebody else was first: read again, then retry
  kDenied,         // not allowed
  kBusy,           // try again later
  kLimit,          // a bound was reached: disk, queue, size
  kCorrupt,        // evidence contradicts itself
  kIo,             // the operating system said no
  kIndeterminate,  // it may or may not have happened: reopen and look the event id up
  kClosed,         // no further use: reopen
  kUnsupported,    // written by something newer, or not built in
  kInternal        // a bug
};

const char* code_name(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::string hint = {};

  Error&& with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
  // Puts the name of the operation before the message.
  Error&& in(const std::string& context) && {
    message.insert(0, context + ": ");
    return std::move(*this);
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    PH_CHECK(ok(), "value of a failed result");
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    PH_CHECK(ok(), "value of a failed result");
    return *std::get_if<0>(&state_);
  }
  Error& error() {
    PH_CHECK(!ok(), "error of a good result");
    return *std::get_if<1>(&state_);
  }
  const Error& error() const {
    PH_CHECK(!ok(), "error of a good result");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() {
    PH_CHECK(!ok(), "error of a good result");
    return *error_;
  }
  const Error& error() const {
    PH_CHECK(!ok(), "error of a good result");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace phantom

// Returns the error of `expr` to the caller, if it has one.
#define PH_TRY(expr)                                          \
  do {                                                        \
    auto ph_status = (expr);                                  \
    if (!ph_status.ok()) return std::move(ph_status.error()); \
  } while (false)

#define PH_JOIN2(a, b) a##b
#define PH_JOIN(a, b) PH_JOIN2(a, b)
// Declares `decl` with the value of `expr`, or returns its error.
#define PH_ASSIGN(decl, expr) PH_ASSIGN_NAMED(PH_JOIN(ph_result_, __LINE__), decl, expr)
#define PH_ASSIGN_NAMED(name, decl, expr)         \
  auto name = (expr);                             \
  if (!name.ok()) return std::move(name.error()); \
  decl = std::move(*name)
