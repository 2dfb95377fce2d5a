//! A network of its own, with the loopback interface and nothing else.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread;

use rustix::thread::LinkNameSpaceType;

/// A network namespace. It lives as long as somebody holds it: this value, a process in it, or a
/// socket that was made there.
#[derive(Debug, Clone)]
pub(crate) struct Network(Arc<OwnedFd>);

impl Network {
    /// Makes one. The calling thread stays where it is.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn new() -> io::Result<Self> {
        elsewhere(|| {
            crate::spawn::enter_new_network()?;
            let namespace = File::open("/proc/thread-self/ns/net")?;
            Ok(Self(Arc::new(namespace.into())))
        })
    }

    pub(crate) fn handle(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.0)
    }

    /// Moves the calling thread into it.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn enter(&self) -> io::Result<()> {
        let kind = Some(LinkNameSpaceType::Network);
        Ok(rustix::thread::move_into_link_name_space(
            self.0.as_fd(),
            kind,
        )?)
    }
}

/// Listens on a free loopback port, inside a network if there is one.
///
/// # Errors
/// When there is no free port.
pub(crate) fn listen(network: Option<&Network>) -> io::Result<(TcpListener, SocketAddr)> {
    let bind = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let Some(network) = network.cloned() else {
        return bind();
    };
    elsewhere(move || {
        network.enter()?;
        bind()
    })
}

/// Runs something on a thread that ends with it, so that what it does to its thread harms nobody.
fn elsewhere<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let thread = thread::Builder::new().name("network".to_owned());
    let result = thread.spawn(act)?.join();
    result.unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
}
