//! Keeps the panics of third-party parsers from ending the program.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

/// Room for parsers that call themselves for every level of nesting.
const STACK_BYTES: usize = 64 << 20;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Why guarded work gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stumbled {
    /// It panicked, over something that it did not expect.
    #[error("its parts do not fit together")]
    Panicked,
    /// It was not begun.
    #[error("no thread could be started for it; use fewer --threads")]
    NoThread,
}

/// Runs the work on a thread of its own that has a deep stack, and waits for
/// it. A panic there prints nothing.
///
/// # Errors
/// When the work panicked or the thread could not be started.
pub fn guarded<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Stumbled> {
    quiet_hook();
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || {
                // Fuzzing is to see every panic.
                QUIET.set(!cfg!(fuzzing));
                panic::catch_unwind(AssertUnwindSafe(work))
            })
            .map_err(|_| Stumbled::NoThread)?
            .join()
            .flatten()
            .map_err(|_| Stumbled::Panicked)
    })
}

/// Puts a hook before the one in force that says nothing of the panics of
/// guarded threads.
fn quiet_hook() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A thread that is being torn down has lost its mark.
            if !QUIET.try_with(Cell::get).unwrap_or(false) {
                loud(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_gives_its_result_and_may_borrow() {
        let text = String::from("ferry");
        assert_eq!(guarded(|| text.len()), Ok(5));
    }

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(
            guarded(|| -> u8 { panic!("not to be seen") }),
            Err(Stumbled::Panicked)
        );
        assert_eq!(guarded(|| 1), Ok(1));
    }

    #[test]
    fn the_stack_is_deep() {
        fn depth(n: usize) -> usize {
            let room = std::hint::black_box([n; 32]);
            if n == 0 {
                0
            } else {
                1 + depth(n - 1).min(room[0])
            }
        }
        assert_eq!(guarded(|| depth(60_000)), Ok(60_000));
    }
}
