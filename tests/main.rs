//! The command and the library as users run them, in one program: linking the model and all
//! libraries into one program a file took minutes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod batch;
mod classify;
mod digest;
mod eval;
mod finetune;
mod hostile;
mod hub;
mod model;
mod readme;
mod report;
mod summary;
mod support;
mod topics;
mod train;
