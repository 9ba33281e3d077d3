//! One file behind an address.

use reqwest::header::{ACCEPT, CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{Method, Response, Version};
use url::Url;

use crate::model::record::RecordKind;
use crate::sources::client::{Client, Credential, Patience, Trouble, explain, refused};
use crate::sources::{Feed, Fetch, RawSpool, SourceError};

/// The first bytes of what gzip packs.
const PACKED: [u8; 2] = [0x1f, 0x8b];

/// Fetches the file of a csv source that has a `url`.
pub async fn fetch(ask: Fetch<'_>) -> Result<Vec<Feed>, SourceError> {
    let source = ask.source;
    let (Some(address), Some(record)) = (&source.url, source.record) else { return Ok(Vec::new()) };
    let name = format!("{}: {}", source.name, record.name());
    let wrong = |reason: String| SourceError::new(&name, reason);
    let url = Url::parse(address.reveal()).map_err(|_| wrong("url is no address; write https://…".to_owned()))?;
    let client = Client::verbatim(source)?;
    let credential = Credential::of(source);
    let mut patience = Patience::of(source);
    loop {
        match download(ask, &client, &credential, &url, record, &name).await {
            Ok(feed) => return Ok(vec![feed]),
            Err(trouble) => {
                let wait = patience.wait(trouble, &client).await;
                wait.map_err(|reason| SourceError {
                    wait: client.left_alone(),
                    ..wrong(format!("GET {}: {reason}", url.path()))
                })?;
            }
        }
    }
}

async fn download(
    ask: Fetch<'_>,
    client: &Client,
    credential: &Credential,
    url: &Url,
    record: RecordKind,
    name: &str,
) -> Result<Feed, Trouble> {
    let kept = |error: std::io::Error| Trouble::Lasting(format!("keeping the answer: {error}"));
    let request = client.unbounded(Method::GET, url)?.header(ACCEPT, "text/csv");
    let request = credential.show(client, request, ask.clock.now()).await?;
    let mut response = request.send().await.map_err(explain)?;
    if let Some(trouble) = refused(&mut response, credential.secrets(), ask.clock.now()).await {
        return Err(trouble);
    }
    if !has_an_end(&response) {
        let reason = "does not say how long the file is (no Content-Length, not chunked), so that nobody could tell whether it was cut off";
        return Err(Trouble::Lasting(reason.to_owned()));
    }
    let mut spool = RawSpool::new().map_err(kept)?;
    let (mut first, mut length) = (Vec::<u8>::new(), 0);
    while let Some(chunk) = response.chunk().await.map_err(explain)? {
        let missing = PACKED.len().saturating_sub(first.len());
        first.extend(chunk.iter().take(missing));
        length += chunk.len();
        spool.bytes(&chunk).map_err(kept)?;
        (ask.progress)(&format!("{name}, {} KiB", length >> 10));
    }
    spool.finish(record, name, first == PACKED).map_err(kept)
}

/// Whether a body that breaks off can be told from one that ends.
fn has_an_end(response: &Response) -> bool {
    let headers = response.headers();
    response.version() > Version::HTTP_11 || headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}
