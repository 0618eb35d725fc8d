//! Speaks to the router as a browser would, and looks at the page.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

#[derive(Clone)]
pub struct Client {
    pub router: Router,
    pub cookie: Option<String>,
}

pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first input with this name.
    pub fn input(&self, name: &str) -> Option<String> {
        let html = scraper::Html::parse_document(&self.body);
        let selector = scraper::Selector::parse(&format!("[name='{name}']")).unwrap();
        html.select(&selector)
            .next()
            .map(|input| input.value().attr("value").unwrap_or_default().to_owned())
    }

    /// The text of everything that a CSS selector finds.
    pub fn text(&self, selector: &str) -> String {
        let html = scraper::Html::parse_document(&self.body);
        let selector = scraper::Selector::parse(selector).unwrap();
        let words = html
            .select(&selector)
            .flat_map(|found| found.text())
            .flat_map(str::split_whitespace);
        words.collect::<Vec<_>>().join(" ")
    }
}

impl Client {
    pub fn new(router: Router) -> Client {
        Client { router, cookie: None }
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path)).await
    }

    /// Posts a form with a fresh token, from our own page.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post_exactly(path, &all).await
    }

    /// Posts these fields and no others.
    pub async fn post_exactly(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send_body(request, Body::from(body)).await
    }

    pub async fn send(&self, request: axum::http::request::Builder) -> Page {
        self.send_body(request, Body::empty()).await
    }

    pub async fn send_body(&self, mut request: axum::http::request::Builder, body: Body) -> Page {
        if request
            .headers_ref()
            .is_none_or(|headers| !headers.contains_key(header::HOST))
        {
            request = request.header(header::HOST, "127.0.0.1:8080");
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Page {
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Keeps the session that a sign-in gave.
    pub fn keep(&mut self, page: &Page) {
        let cookie = page
            .headers
            .get(header::SET_COOKIE)
            .expect("a session")
            .to_str()
            .unwrap();
        self.cookie = cookie.split(';').next().map(str::to_owned);
    }
}
