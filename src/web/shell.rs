//! What every page shares: the top bar, the notice above the page, where the style sheet and the script are.

/// One of the role's places in the top bar; `count` is what waits there.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub href: &'static str,
    pub label: &'static str,
    pub count: Option<u64>,
    pub here: bool,
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Done, as asked.
    Ok,
    /// Look out: a failed night, an old score.
    Warn,
    /// Did not work.
    Bad,
}

impl Tone {
    pub fn class(self) -> &'static str {
        match self {
            Tone::Ok => "ok",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// One sentence above the page: what was just done, or what the reader must know of the night.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub tone: Tone,
    pub text: String,
}

/// The frame of a page. `base.html` reads it as `page`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shell {
    pub title: String,
    /// The role in the reader's words; empty when nobody is signed in.
    pub role: &'static str,
    pub places: Vec<Place>,
    pub who: String,
    /// "2 centres", or the name of the only one.
    pub centres: String,
    /// What the page is as of: "night of 21 Nov, 02:14".
    pub as_of: String,
    pub css_href: String,
    pub js_href: String,
    pub icon_href: String,
    pub notice: Option<Notice>,
    /// The session's form token, for signing out; without one the link is not shown.
    pub form_token: Option<String>,
}

impl Shell {
    /// Marks the place the page belongs to.
    #[must_use]
    pub fn at(mut self, href: &str) -> Shell {
        for place in &mut self.places {
            place.here = place.href == href;
        }
        self
    }
}
