//! How a command fails, and the exit code of each way.

use ncsn::Error;

use crate::flags;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The command worked, and what it checked is wrong.
    Check(String),
    /// What the user gave is wrong.
    Input(String),
    /// The library refused.
    Library(Error),
    /// Ctrl-C.
    Interrupted(String),
    /// Nobody reads the output any more.
    BrokenPipe,
}

impl Failure {
    /// The exit code, as `ncsn --help` documents it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Check(_) => 1,
            Self::Input(_) | Self::Library(Error::Argument(_) | Error::Utf8(_) | Error::Io(_)) => 2,
            Self::Library(_) => 3,
            // As shells report a program that SIGINT ended.
            Self::Interrupted(_) => 130,
        }
    }

    /// What to tell the user.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Check(text) | Self::Input(text) | Self::Interrupted(text) => Some(text.clone()),
            Self::Library(error) => Some(flags::speak(error.message())),
            Self::BrokenPipe => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// `Err(Failure::Input(format!(...)))`, returned from the function it stands in.
macro_rules! refuse {
    ($($text:tt)*) => {
        return Err($crate::failure::Failure::Input(format!($($text)*)))
    };
}
pub(crate) use refuse;
