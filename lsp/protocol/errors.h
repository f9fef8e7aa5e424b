// errors.h: the error codes of JSON-RPC and LSP, and the error half of a reply.
// Make one with a sentence for whoever reads the client's log; nothing here does anything.
#pragma once

#include <string>

#include "base/result.h"

namespace lsp {

enum class RpcError : int {
  ParseError = -32700,      // not JSON, or not UTF-8
  InvalidRequest = -32600,  // JSON, but no message; or one that may not come now
  MethodNotFound = -32601,
  InvalidParams = -32602,
  InternalError = -32603,
  ServerNotInitialized = -32002,
  RequestFailed = -32803,
  RequestCancelled = -32800,  // by the client
};

struct ResponseError {
  RpcError code = RpcError::InternalError;
  std::string message;
};

// Bad input is the client's parameters; the rest failed on our side.
inline ResponseError response_error(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::InvalidInput: return {RpcError::InvalidParams, error.message};
    case base::ErrorCode::Cancelled: return {RpcError::RequestCancelled, error.message};
    case base::ErrorCode::Failed:
    case base::ErrorCode::NotFound:
    case base::ErrorCode::Unsupported:
    case base::ErrorCode::OutOfMemory: break;
  }
  return {RpcError::RequestFailed, error.message};
}

}  // namespace lsp
