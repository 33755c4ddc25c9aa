//! One binary for every whole-system test.

mod tidy;
