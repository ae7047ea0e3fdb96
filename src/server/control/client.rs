//! Asking the process that owns the journal.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::sync::CancellationToken;

use super::protocol::{
    Line, MOST_ANSWER, MOST_REQUEST, NoLine, Owner, Refusal, Reply, Request, Told, VERSION, from_line,
    read_line, socket_beside, to_line,
};
use crate::domain::permission::{Access, NotAllowed};

/// For the owner to say who it is, and to take the request.
const SAID_WITHIN: Duration = Duration::from_secs(10);

/// For the answer. The owner itself gives up waiting long before.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);

/// A connection to the owner, which has said who it is. Nothing is asked yet.
#[derive(Debug)]
pub struct Client {
    owner: Owner,
    access: Access,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

/// A connection on which the owner tells what changes.
#[derive(Debug)]
pub struct Watch {
    reader: BufReader<OwnedReadHalf>,
    // As long as it is open, the owner goes on.
    _writer: OwnedWriteHalf,
}

impl Watch {
    /// What the owner tells next. `None`: it has gone.
    pub async fn next(&mut self) -> Option<Told> {
        let line = read_line(&mut self.reader, MOST_ANSWER).await.ok()?;
        from_line(&line)
            .inspect_err(|error| tracing::warn!("what the owner tells cannot be read: {error}"))
            .ok()
    }
}

/// How asking failed.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The owner did not get the whole request, so it did nothing.
    #[error("the journal's owner went away before it had the request ({0})")]
    NotSent(String),
    /// The owner may have had the request, and did not answer: it may have done it.
    #[error("the journal's owner went away before it answered ({0})")]
    Unknown(String),
    /// The owner did nothing, and said why.
    #[error(transparent)]
    Refused(Refusal),
    /// This process may not ask it. The owner was not asked.
    #[error(transparent)]
    NotAllowed(NotAllowed),
}

impl Broken {
    /// Whether asking again says the same.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NotAllowed(_))
    }

    /// What does not let it be done, where it is saldo itself.
    pub fn not_allowed(&self) -> Option<NotAllowed> {
        match self {
            Self::NotAllowed(why) => Some(why.clone()),
            Self::Refused(Refusal::ReadOnly) => Some(NotAllowed::OwnerReadOnly),
            Self::Refused(_) | Self::NotSent(_) | Self::Unknown(_) => None,
        }
    }
}

impl Client {
    /// Connects to the owner of `journal`, to ask it what `access` lets this process ask. `None`: nobody listens there, or it
    /// is coming or going.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: somebody listens, and nothing can be asked of it.
    pub async fn connect(journal: &Path, access: Access) -> Result<Option<Self>, Refusal> {
        let Ok(stream) = UnixStream::connect(socket_beside(journal)).await else { return Ok(None) };
        // Whoever may write the journal's folder may put a socket there. One of another user's is not the owner's.
        let (Ok(peer), ours) = (stream.peer_cred(), rustix::process::geteuid().as_raw()) else {
            return Ok(None);
        };
        if peer.uid() != ours && peer.uid() != 0 && ours != 0 {
            return Err(Refusal::Stranger { yours: ours, owner: peer.uid() });
        }
        let (reader, writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let hello = tokio::time::timeout(SAID_WITHIN, read_line(&mut reader, MOST_REQUEST)).await;
        let Ok(Ok(line)) = hello else { return Ok(None) };
        match from_line(&line) {
            Ok(Reply::Done(Owner { saldo, .. })) if saldo != VERSION => {
                Err(Refusal::Version { yours: VERSION, ours: saldo })
            }
            Ok(Reply::Done(owner)) => Ok(Some(Self { owner, access, reader, writer })),
            Ok(Reply::Refused(Refusal::Stopping)) => Ok(None),
            Ok(Reply::Refused(refusal)) => Err(refusal),
            Err(reason) => Err(Refusal::Malformed(reason)),
        }
    }

    /// Who owns the journal.
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Asks one thing on behalf of `account`. `stop` tells the owner that nobody waits any longer: it answers as soon as
    /// nothing of this is on the wire.
    ///
    /// # Errors
    ///
    /// [`Broken`] says what may have been done.
    pub async fn ask<T: DeserializeOwned>(
        mut self,
        account: &str,
        ask: Request,
        stop: &CancellationToken,
    ) -> Result<T, Broken> {
        if ask.is_an_act() {
            self.access.permit().map_err(Broken::NotAllowed)?;
        }
        let line = to_line(&Line { saldo: VERSION, account: account.to_owned(), ask })
            .map_err(|error| Broken::NotSent(error.to_string()))?;
        // The line end is the last byte: as long as one is missing, the owner has no request.
        match tokio::time::timeout(SAID_WITHIN, self.writer.write_all(&line)).await {
            Ok(Ok(())) => {}
            // It may have said why before it went.
            Ok(Err(error)) => return Err(self.last_word(Broken::NotSent(error.to_string())).await),
            Err(_) => return Err(Broken::NotSent("it did not take the request in time".to_owned())),
        }
        let Self { mut reader, mut writer, .. } = self;
        let mut answer =
            std::pin::pin!(tokio::time::timeout(ANSWER_WITHIN, read_line(&mut reader, MOST_ANSWER)));
        let answer = tokio::select! {
            biased;
            answer = answer.as_mut() => answer,
            () = stop.cancelled() => {
                // Where this fails the owner has gone, which the answer says as well.
                let _ = writer.shutdown().await;
                answer.await
            }
        };
        let line = match answer {
            Ok(Ok(line)) => line,
            Ok(Err(_)) => return Err(Broken::Unknown("the connection ended".to_owned())),
            Err(_) => return Err(Broken::Unknown("no answer came in time".to_owned())),
        };
        match from_line(&line) {
            Ok(Reply::Done(done)) => Ok(done),
            Ok(Reply::Refused(refusal)) => Err(Broken::Refused(refusal)),
            Err(reason) => Err(Broken::Unknown(format!("its answer cannot be read: {reason}"))),
        }
    }

    /// Watches the owner's desk on behalf of `account`.
    ///
    /// # Errors
    ///
    /// [`Broken`]: nothing is told.
    pub async fn watch(mut self, account: &str) -> Result<Watch, Broken> {
        let line = to_line(&Line { saldo: VERSION, account: account.to_owned(), ask: Request::Watch })
            .map_err(|error| Broken::NotSent(error.to_string()))?;
        let said = async {
            self.writer.write_all(&line).await.map_err(NoLine::Gone)?;
            read_line(&mut self.reader, MOST_REQUEST).await
        };
        let gone = || Broken::NotSent("it does not answer".to_owned());
        let line = tokio::time::timeout(SAID_WITHIN, said).await.map_err(|_| gone())?.map_err(|_| gone())?;
        match from_line(&line) {
            Ok(Reply::Done(())) => Ok(Watch { reader: self.reader, _writer: self.writer }),
            Ok(Reply::Refused(refusal)) => Err(Broken::Refused(refusal)),
            Err(reason) => Err(Broken::Unknown(reason)),
        }
    }

    async fn last_word(&mut self, otherwise: Broken) -> Broken {
        let line = tokio::time::timeout(SAID_WITHIN, read_line(&mut self.reader, MOST_REQUEST)).await;
        match line.ok().and_then(Result::ok).and_then(|line| from_line::<Reply<()>>(&line).ok()) {
            Some(Reply::Refused(refusal)) => Broken::Refused(refusal),
            _ => otherwise,
        }
    }
}
