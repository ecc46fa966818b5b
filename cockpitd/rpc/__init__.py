"""The socket: JSON-RPC 2.0 framing, methods, roles, server and client; no understanding, policy or engine code."""
