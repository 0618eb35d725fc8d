//! The style sheet, the script, the font: in the binary, under names that carry their fingerprint.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// One fingerprint over all files: any change gives all of them new addresses, and relative addresses inside the style
/// sheet (the font's) keep working.
static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for name in Files::iter() {
        if let Some(file) = Files::get(&name) {
            hash.update(name.as_bytes());
            hash.update(&file.data);
        }
    }
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// The address of a file in `static/`.
pub fn href(name: &str) -> String {
    format!("/static/{}/{name}", *FINGERPRINT)
}

pub async fn serve(Path(path): Path<String>) -> Response {
    let file = path
        .split_once('/')
        .filter(|(print, _)| *print == *FINGERPRINT)
        .and_then(|(_, name)| Files::get(name).map(|f| (name, f)));
    let Some((name, file)) = file else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, kind)], file.data.into_owned()).into_response()
}
