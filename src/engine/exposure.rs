//! What the platform's users hold plus what is in flight, as the desk's own program or file tells it, again and again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::clock;
use super::message::News;
use crate::config::{Exposure, ExposureSource};
use crate::domain::money::Centavos;
use crate::domain::text::Safe;

/// A program that takes longer is stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// An amount is shorter; a device or a log given by mistake is not read to its end.
const MOST: u64 = 4_096;

/// Asks until it is dropped. What cannot be told keeps the last good amount on the screen, with its age and the reason.
pub(crate) async fn run(exposure: Exposure, news: mpsc::Sender<News>) {
    loop {
        let asked = tokio::time::timeout(PATIENCE, ask(&exposure.source)).await;
        let told = asked.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        if let Err(reason) = &told {
            tracing::warn!("the exposure could not be read: {reason}");
        }
        let outcome = told.map_err(|reason| Safe::new(&reason));
        if news.send(News::Exposure { at: clock::now(), outcome }).await.is_err() {
            return;
        }
        tokio::time::sleep(exposure.every).await;
    }
}

async fn ask(source: &ExposureSource) -> Result<Centavos, String> {
    let bytes = match source {
        ExposureSource::File(path) => of_file(path).await?,
        ExposureSource::Command(words) => of_command(words).await?,
    };
    let text = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let text = text.trim();
    Centavos::parse_typed(text).map_err(|error| format!("{:?} is no amount: {error}", shown(text)))
}

async fn of_file(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    bounded(tokio::fs::File::open(path).await.map_err(failed)?).await.map_err(failed)
}

async fn of_command(words: &[String]) -> Result<Vec<u8>, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let failed = |error: std::io::Error| format!("{program} cannot be run: {error}");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let output = child.stdout.take().ok_or("it has no output")?;
    let bytes = bounded(output).await.map_err(failed)?;
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(bytes) } else { Err(format!("{program} failed ({status})")) }
}

async fn bounded(from: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > MOST {
        return Err(std::io::Error::other("it says more than an amount"));
    }
    Ok(bytes)
}

/// The beginning of what was printed, for an error.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str) -> ExposureSource {
        ExposureSource::Command(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[tokio::test]
    async fn an_amount_is_read_or_it_is_said_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("exposure");
        std::fs::write(&file, "  1.234.567,89\n").unwrap();
        assert_eq!(ask(&ExposureSource::File(file)).await, Ok(Centavos::new(123_456_789)));
        assert_eq!(ask(&command("echo 500")).await, Ok(Centavos::new(50_000)));
        for (script, part) in [
            ("echo 1.234", "\"1.234\" is no amount"),
            ("echo", "is no amount"),
            ("echo 5; exit 3", "failed"),
            ("yes", "more than an amount"),
            ("printf '\\377'", "no text"),
        ] {
            let error = ask(&command(script)).await.unwrap_err();
            assert!(error.contains(part), "{script}: {error}");
        }
        let nothing = ExposureSource::File(folder.path().join("nothing"));
        assert!(ask(&nothing).await.unwrap_err().contains("cannot be read"));
    }
}
