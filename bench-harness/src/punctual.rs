//! Threads that stamp what happens must run when it happens.
//!
//! On a busy machine an ordinary thread that is woken waits for its turn, 4 ms and more, and stamps
//! that much too late. With a real-time priority it does not wait. Such threads sleep nearly always,
//! and the kernel leaves 5 % of the processors to others whatever they do.

use std::fs;
use std::io;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use crate::cgroup::Hierarchies;
use crate::spawn;

/// Starts a thread that does not wait for its turn, where the system allows it. It is what it shall be
/// before this returns, because going back to the topmost group may take 100 ms on a busy machine.
///
/// # Errors
/// When there are no threads left.
pub(crate) fn start(name: &str, act: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let (prepared, is_prepared) = channel();
    let thread = std::thread::Builder::new().name(name.to_owned());
    let thread = thread.spawn(move || {
        // Where it is not allowed stamps may be late, which `doctor` tells.
        let _ = be_punctual();
        // Whoever started the thread waits for this, or is gone.
        let _ = prepared.send(());
        act();
    })?;
    // A thread that is gone already has panicked, which joining it tells.
    let _ = is_prepared.recv();
    Ok(thread)
}

/// Makes the calling thread one that does not wait for its turn, where the system allows it.
///
/// # Errors
/// Why it does not; the thread works on as it was.
fn be_punctual() -> io::Result<()> {
    let refused = match spawn::raise_own_priority() {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    // Kernels that divide real-time processor time among groups give none to new ones. In version 1
    // a thread alone can go back to the topmost group; it ends with what it was started for.
    let hierarchies = Hierarchies::detect()?;
    let Some((kind, top)) = hierarchies.of("cpu") else {
        return Err(refused);
    };
    if kind.is_v2() {
        return Err(refused);
    }
    // 0 stands for the writer itself.
    fs::write(top.join("tasks"), "0").map_err(|_| refused)?;
    spawn::raise_own_priority()
}

/// What stands in the way; the calling thread stays as it is.
///
/// # Errors
/// Why threads wait for their turn.
pub(crate) fn is_possible() -> io::Result<()> {
    let thread = std::thread::Builder::new().name("punctual".to_owned());
    let tried = thread.spawn(be_punctual)?.join();
    tried.unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
}
