//! Answering commands on behalf of the process that owns the journal.
//!
//! Each connection is a task of its own, with a place of its own, a deadline for its request and one for its answer: nobody
//! holds up the engine, or anybody else, by being slow. What a request has begun goes on whatever becomes of whoever asked.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peer::person_of;
use super::picture::Picture;
use super::protocol::{
    HandOver, Line, MOST_REQUEST, NoLine, Owner, Refusal, Reply, Request, Told, VERSION, check_batch,
    from_line, read_line, socket_beside, to_line,
};
use crate::domain::handover::is_note;
use crate::domain::person::Person;
use crate::engine::clock;
use crate::engine::office::{Decided, Office};
use crate::journal::handover::Shift;

/// Connections at the same time. A request holds its place for as long as the gateway takes to answer it; more wait in the
/// kernel, unasked.
const MOST_CONNECTIONS: usize = 64;

/// From the owner's first line to the whole request: a command has it ready when it connects.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);

/// For an answer to be taken: a command waits for nothing else.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Those who watch hold no place of a command's. A desk has a few.
const MOST_WATCHERS: usize = 16;

/// Changes are gathered for so long before a watcher is told of them: a screen shows 30 frames a second at most.
const GATHER: Duration = Duration::from_millis(33);

/// The same, once the owner is ending.
const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A control socket that is open.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// A command's place, for as long as it is served.
type Place = OwnedSemaphorePermit;

/// What the tasks share.
struct Shared {
    office: Office,
    owner: Owner,
    uid: u32,
    picture: Option<watch::Receiver<Picture>>,
    watchers: Arc<Semaphore>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Control {
    /// Opens the socket beside `journal`, which this process owns: so what lies there is a dead owner's, and is replaced.
    /// `command` and `account` are what commands are told of the owner; `picture` is for those who watch, where it may be
    /// watched.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or the path is longer than a socket's may be (108 bytes on Linux).
    pub fn open(
        journal: &Path,
        office: Office,
        command: &str,
        account: &str,
        picture: Option<watch::Receiver<Picture>>,
    ) -> io::Result<Self> {
        let path = socket_beside(journal);
        let socket = bind_private(&path)?;
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        let shared = Shared {
            owner: Owner {
                saldo: VERSION,
                command: command.to_owned(),
                pid: std::process::id(),
                account: account.to_owned(),
                read_only: office.permit().is_err(),
            },
            office,
            uid: rustix::process::geteuid().as_raw(),
            picture,
            watchers: Arc::new(Semaphore::new(MOST_WATCHERS)),
            stopping: stopping.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn(accept(socket, Arc::new(shared)));
        Ok(Self { path, stopping, tasks })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes no more requests, and waits until those that were taken are answered. Only what is on the wire is waited for.
    pub async fn stop(self) {
        // Still the owner, so it is still this process's.
        let _ = fs::remove_file(&self.path);
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Under another name until it is private: there is no moment in which others could connect.
fn bind_private(path: &Path) -> io::Result<UnixListener> {
    let mut draft = path.as_os_str().to_owned();
    draft.push("~");
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(&draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    fs::rename(&draft, path)?;
    Ok(socket)
}

async fn accept(socket: UnixListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, stream) = tokio::select! {
            biased;
            () = shared.stopping.cancelled() => return,
            accepted = accepted => accepted,
        };
        let Ok(place) = place else { return };
        match stream {
            Ok((stream, _)) => {
                let task = Arc::clone(&shared);
                shared.tasks.spawn(async move {
                    if let Err(error) = task.attend(stream, place).await {
                        tracing::debug!("a command went away: {error}");
                    }
                });
            }
            Err(error) => {
                // Out of files, most likely: the connection waits in the kernel until some are free again.
                tracing::warn!("a command's connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Shared {
    async fn attend(&self, stream: UnixStream, place: Place) -> io::Result<()> {
        let peer = stream.peer_cred()?;
        let (reader, mut writer) = stream.into_split();
        let uid = peer.uid();
        if uid != self.uid && uid != 0 {
            tracing::warn!(uid, "another user's process was refused");
            return self.refuse(&mut writer, Refusal::Stranger { yours: uid, owner: self.uid }).await;
        }
        let mut reader = BufReader::new(reader);
        self.answer(&mut writer, &Reply::Done(&self.owner)).await?;
        let line = tokio::select! {
            biased;
            () = self.stopping.cancelled() => return self.refuse(&mut writer, Refusal::Stopping).await,
            line = tokio::time::timeout(REQUEST_WITHIN, read_line(&mut reader, MOST_REQUEST)) => line,
        };
        let request = match line {
            Err(_) => Err(Refusal::TooSlow),
            Ok(Err(NoLine::Gone(error))) => return Err(error),
            Ok(Err(NoLine::TooLong)) => Err(Refusal::TooLong),
            Ok(Ok(line)) => self.read(&line),
        };
        match request {
            Ok(Request::Watch) => {
                drop(place);
                self.show(reader, &mut writer).await
            }
            Ok(request) => {
                // The peer is still there: it has just written. Its process is the one that connected.
                let by = person_of(&peer).await;
                Box::pin(self.carry_out(request, by, reader, &mut writer)).await
            }
            Err(refusal) => {
                tracing::warn!("a request was refused: {refusal}");
                self.refuse(&mut writer, refusal).await
            }
        }
    }

    fn read(&self, line: &[u8]) -> Result<Request, Refusal> {
        #[derive(serde::Deserialize)]
        struct Spoken {
            saldo: u32,
        }
        // The version first: another one may have other requests.
        let Spoken { saldo: yours } = from_line(line).map_err(Refusal::Malformed)?;
        if yours != VERSION {
            return Err(Refusal::Version { yours, ours: VERSION });
        }
        let Line { account, ask, .. } = from_line(line).map_err(Refusal::Malformed)?;
        if account != self.owner.account {
            return Err(Refusal::OtherAccount(self.owner.account.clone()));
        }
        Ok(ask)
    }

    async fn carry_out(
        &self,
        request: Request,
        by: Person,
        reader: BufReader<OwnedReadHalf>,
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        if request.is_an_act() && self.office.permit().is_err() {
            return self.refuse(writer, Refusal::ReadOnly).await;
        }
        match request {
            Request::CashOut(pay) => match pay.into_decision(by) {
                Ok(decision) => {
                    let by = decision.maker.uid;
                    let stop = self.stopping.child_token();
                    let gone = tokio::spawn(until_gone(reader, stop.clone()));
                    let paid = self.office.pay(decision, &stop).await;
                    gone.abort();
                    if let Ok(paid) = &paid {
                        let (id, state) = (paid.intent.id, paid.intent.cash_out.state.as_str());
                        tracing::info!(payment = %id, by, found = ?paid.found, state, "a command paid");
                    }
                    self.answer(writer, &Reply::Done(paid)).await
                }
                Err(what) => self.refuse(writer, Refusal::Malformed(format!("its {what}"))).await,
            },
            // Once asked for it is carried out: its request is milliseconds away, and between its row in the journal and its
            // first byte there is no place to stop.
            Request::Rebalance(order) => {
                let (id, uid) = (order.id, by.uid);
                let ended = self.office.rebalance(*order, by, &self.stopping).await;
                let state = ended.as_ref().map_or("not sent", |ended| ended.rebalance.state.as_str());
                tracing::info!(rebalance = %id, by = uid, state, "a command rebalanced");
                self.answer(writer, &Reply::Done(ended)).await
            }
            Request::SettleDoubt(id) => {
                let settled = self.office.settle_doubt(id, by).await;
                self.answer(writer, &Reply::Done(settled)).await
            }
            Request::Recover => {
                let recovered = self.unless_stopping(self.office.recover()).await?;
                self.answer(writer, &Reply::Done(recovered)).await
            }
            Request::TakeUp(id) => {
                let taken_up = self.unless_stopping(self.office.take_up(id)).await?;
                self.answer(writer, &Reply::Done(taken_up)).await
            }
            Request::Decide(pay) => match pay.into_decision(by) {
                Ok(decision) => {
                    let by = decision.maker.uid;
                    let decided = self.office.decide(decision).await;
                    if let Ok(Decided { found, intent }) = &decided {
                        tracing::info!(payment = %intent.id, by, ?found, "a cockpit pays");
                    }
                    self.answer(writer, &Reply::Done(decided)).await
                }
                Err(what) => self.refuse(writer, Refusal::Malformed(format!("its {what}"))).await,
            },
            Request::Review(target) => {
                let reviewed = self.unless_stopping(self.office.review(target)).await?;
                self.answer(writer, &Reply::Done(reviewed)).await
            }
            Request::Balance => {
                let balance = self.unless_stopping(self.office.balance()).await?;
                self.answer(writer, &Reply::Done(balance)).await
            }
            Request::PollBalance => {
                self.office.poll_balance();
                self.answer(writer, &Reply::Done(())).await
            }
            Request::Resume => {
                self.office.resume().await;
                self.answer(writer, &Reply::Done(())).await
            }
            // Taken before; a watcher is no command.
            Request::Watch => Ok(()),
            Request::RecordBatch(batch) => match check_batch(&batch) {
                Ok(()) => {
                    let by_uid = by.uid;
                    let recorded = self.office.record_batch(*batch, by).await;
                    if let Ok(batch) = &recorded {
                        tracing::info!(batch = %batch.id, by = by_uid, lines = batch.count, "a batch is recorded");
                    }
                    self.answer(writer, &Reply::Done(recorded)).await
                }
                Err(what) => self.refuse(writer, Refusal::Malformed(format!("its {what}"))).await,
            },
            Request::RunBatch(run) => {
                let stop = self.stopping.child_token();
                let gone = tokio::spawn(until_gone(reader, stop.clone()));
                let ran = self.office.run_batch(&run, &by, &stop).await;
                gone.abort();
                let (more, stopped) =
                    ran.as_ref().map_or((true, true), |ran| (ran.more, ran.stopped.is_some()));
                tracing::info!(batch = %run.id, by = by.uid, more, stopped, "a batch went on");
                self.answer(writer, &Reply::Done(ran)).await
            }
            Request::Charge(charge) => match charge.into_decision(by) {
                Ok(decision) => {
                    let (id, by) = (decision.id, decision.maker.uid);
                    let stop = self.stopping.child_token();
                    let gone = tokio::spawn(until_gone(reader, stop.clone()));
                    let made = self.office.counter().make_charge(decision, &stop).await;
                    gone.abort();
                    tracing::info!(charge = %id, by, done = made.is_ok(), "a command charged");
                    self.answer(writer, &Reply::Done(made)).await
                }
                Err(what) => self.refuse(writer, Refusal::Malformed(format!("its {what}"))).await,
            },
            Request::LookUp(id) => {
                let found = self.unless_stopping(self.office.counter().look_up(&id)).await?;
                self.answer(writer, &Reply::Done(found)).await
            }
            Request::Refund(refund) => match refund.into_decision(by) {
                Ok(decision) => {
                    let (id, by) = (decision.id, decision.maker.uid);
                    let stop = self.stopping.child_token();
                    let gone = tokio::spawn(until_gone(reader, stop.clone()));
                    let made = self.office.counter().make_refund(decision, &stop).await;
                    gone.abort();
                    tracing::info!(refund = %id, by, done = made.is_ok(), "a command gave back");
                    self.answer(writer, &Reply::Done(made)).await
                }
                Err(what) => self.refuse(writer, Refusal::Malformed(format!("its {what}"))).await,
            },
            Request::Acknowledge(seen) => {
                let acknowledged = self.office.acknowledge(seen.subject, by, seen.note).await;
                self.answer(writer, &Reply::Done(acknowledged)).await
            }
            Request::Favour(favour) => {
                let favoured = self.office.favour(*favour, by).await;
                self.answer(writer, &Reply::Done(favoured)).await
            }
            Request::HandOver(shift) if shift.note.as_deref().is_some_and(|note| !is_note(note)) => {
                self.refuse(writer, Refusal::Malformed("its note".to_owned())).await
            }
            Request::HandOver(shift) => {
                let HandOver { id, since, note } = *shift;
                let shift = Shift { id, since, until: clock::now(), by, note };
                let handed = self.office.hand_over(shift).await;
                self.answer(writer, &Reply::Done(handed)).await
            }
            Request::AcceptHandover(id) => {
                let accepted = self.office.accept_handover(id, by).await;
                self.answer(writer, &Reply::Done(accepted)).await
            }
            Request::Resolve(resolve) => {
                tracing::info!(payment = %resolve.id, by = by.uid, "somebody says what they found");
                let told = self.office.resolve(resolve.id, by, resolve.finding);
                let resolved = self.unless_stopping(told).await?;
                self.answer(writer, &Reply::Done(resolved)).await
            }
        }
    }

    /// Tells a watcher what changes, for as long as it takes what it is told. It has a task of its own and reads only the
    /// newest, so one that is slow misses what is old, and holds nobody up.
    async fn show(&self, reader: BufReader<OwnedReadHalf>, writer: &mut OwnedWriteHalf) -> io::Result<()> {
        let Some(mut picture) = self.picture.clone() else {
            return self.refuse(writer, Refusal::NotWatched).await;
        };
        let Ok(_place) = Arc::clone(&self.watchers).try_acquire_owned() else {
            return self.refuse(writer, Refusal::TooManyWatch).await;
        };
        self.answer(writer, &Reply::Done(())).await?;
        let gone = CancellationToken::new();
        let _watch = tokio::spawn(until_gone(reader, gone.clone()));
        let mut journal = self.office.news();
        let mut known: Option<(u64, Picture)> = None;
        loop {
            let number = *journal.borrow_and_update();
            let now = picture.borrow_and_update().clone().with_pause(self.office.paused());
            if known.as_ref().is_none_or(|(before, _)| *before != number) {
                self.answer(writer, &Told::Journal(number)).await?;
            }
            for told in now.since(known.as_ref().map(|(_, before)| before)) {
                self.answer(writer, &told).await?;
            }
            known = Some((number, now));
            let goes_on = tokio::select! {
                () = self.stopping.cancelled() => false,
                () = gone.cancelled() => false,
                changed = picture.changed() => changed.is_ok(),
                changed = journal.changed() => changed.is_ok(),
            };
            if !goes_on {
                return Ok(());
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    /// What waits for more than one answer of the gateway's is left when the owner ends; requests on the wire go on.
    async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.stopping.cancelled() => Err(io::Error::other("the owner is ending")),
        }
    }

    async fn refuse(&self, writer: &mut OwnedWriteHalf, refusal: Refusal) -> io::Result<()> {
        self.answer(writer, &Reply::<()>::Refused(refusal)).await
    }

    async fn answer(&self, writer: &mut OwnedWriteHalf, reply: &impl Serialize) -> io::Result<()> {
        let line = to_line(reply)?;
        let too_slow = async {
            tokio::select! {
                () = tokio::time::sleep(ANSWER_WITHIN) => {}
                () = self.stopping.cancelled() => tokio::time::sleep(LAST_ANSWER_WITHIN).await,
            }
        };
        tokio::select! {
            biased;
            written = writer.write_all(&line) => written,
            () = too_slow => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// Cancels `stop` when whoever asked has closed its side: it waits no longer.
async fn until_gone(mut reader: BufReader<OwnedReadHalf>, stop: CancellationToken) {
    let mut rest = [0; 64];
    // A second request on a connection is none; what comes is not looked at.
    while let Ok(1..) = reader.read(&mut rest).await {}
    stop.cancel();
}
