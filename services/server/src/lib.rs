//! The padriew program: roles, drivers, sources, HTTP, supervision.
