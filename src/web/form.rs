//! A posted form as it came: all fields in order, checked to be text before anything reads it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Error;
use crate::actions::Form;

/// The fields of an urlencoded post, the form's token apart.
#[derive(Clone, Debug, Default)]
pub struct RawForm {
    pub fields: Vec<(String, String)>,
    token: String,
}

/// More fields than any form of ours has.
const FIELDS: usize = 200;

impl RawForm {
    /// The first value of a field, trimmed; empty where it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value.trim())
    }

    pub fn form(&self) -> Form {
        Form::new(self.token.clone(), &self.fields)
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Parses a body. What is no text, control characters but tab and line ends, comes as its picture: so it can be shown in its box, with
    /// what else was typed, and `domain::text` refuses it there (S-091).
    pub fn parse(body: &[u8]) -> Result<RawForm, Error> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(body).map_err(|_| Error::BadRequest("The form is not valid text."))?;
        if pairs.len() > FIELDS {
            return Err(Error::BadRequest("The form has too many fields."));
        }
        let mut form = RawForm::default();
        for (name, value) in pairs {
            if name == "form_token" {
                form.token = value;
            } else {
                let value = value.replace("\r\n", "\n").chars().map(pictured).collect();
                form.fields.push((name.chars().map(pictured).collect(), value));
            }
        }
        Ok(form)
    }
}

fn pictured(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// A suggestion's button posts `mend=NAME=VALUE` where there is no script: the value goes into its box, and the form is
/// checked, not saved. Whether there was one.
pub fn mend(fields: &mut Vec<(String, String)>) -> bool {
    let Some(at) = fields.iter().position(|(name, _)| name == "mend") else {
        return false;
    };
    let (_, mend) = fields.remove(at);
    if let Some((name, value)) = mend.split_once('=') {
        match fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, typed)) => value.clone_into(typed),
            None => fields.push((name.to_owned(), value.to_owned())),
        }
    }
    true
}

/// A fresh token for a form that is shown.
pub fn new_token() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

impl<S: Send + Sync> FromRequest<S> for RawForm {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<RawForm, Response> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let form = RawForm::parse(&body).map_err(IntoResponse::into_response)?;
        if !(16..=64).contains(&form.token.len()) || !form.token.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Error::BadRequest("The form has lost its token. Open the page again.").into_response());
        }
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text;

    #[test]
    fn control_characters_and_broken_text_come_as_pictures_that_no_field_takes() {
        for (body, shown) in [
            ("a=x%00", "x␀"),
            ("a=%1bx", "␛x"),
            ("a=x%7f", "x␡"),
            ("a=%C2%85", "\u{fffd}"),
            ("a=%ff", "\u{fffd}"),
        ] {
            let form = RawForm::parse(body.as_bytes()).expect(body);
            assert_eq!(form.get("a"), shown);
            assert_eq!(text::clean(shown, 100).map_err(|p| p.code), Err("V-TEXT-02"), "{body}");
        }
        let form = RawForm::parse(b"note=two%0D%0Alines&form_token=t&x=%20a%20").expect("plain text");
        assert_eq!(form.get("note"), "two\nlines");
        assert_eq!(form.get("x"), "a");
        assert_eq!(form.token(), "t");
    }

    #[test]
    fn too_many_fields_are_refused() {
        let body = (0..=FIELDS).map(|i| format!("f{i}=1")).collect::<Vec<_>>().join("&");
        assert!(RawForm::parse(body.as_bytes()).is_err());
    }
}
