//! What the platform's users hold plus what is in flight, as the desk's own program or file tells it, again and again.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use super::clock;
use super::message::News;
use crate::config::{Exposure, ExposureSource, program};
use crate::domain::money::Centavos;
use crate::domain::text::Safe;

/// A file that takes longer is a pipe or a dead mount; a program is stopped before.
const PATIENCE: Duration = Duration::from_secs(15);

/// An amount is shorter; a device or a log given by mistake is not read to its end.
const MOST: usize = 4_096;

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
    let words = words.to_vec();
    let run = move || program::run(&words, b"", MOST, program::PATIENCE);
    let said = tokio::task::spawn_blocking(run).await.map_err(|error| error.to_string())?;
    said.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
}

async fn bounded(from: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MOST).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes).await?;
    if bytes.len() > MOST {
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
            ("yes", "more than 4096 bytes"),
            ("printf '\\377'", "no text"),
        ] {
            let error = ask(&command(script)).await.unwrap_err();
            assert!(error.contains(part), "{script}: {error}");
        }
        let nothing = ExposureSource::File(folder.path().join("nothing"));
        assert!(ask(&nothing).await.unwrap_err().contains("cannot be read"));
    }
}
