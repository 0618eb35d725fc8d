//! The one list of routes. The router is built from it, `metwatch routes --json` prints it, and `tests/access_matrix.csv`
//! is joined with it in both directions: a route without a row fails the tests.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use tower_http::compression::CompressionLayer;

use super::{administrator, analyst, assets, clinician, coordinator, error, guard, health, session, shared};
use crate::actions::patients;
use crate::app::App;
use crate::domain::access::{Actor, Permission};

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Public,
    Signed,
    Needs(Permission),
}

/// What an anonymous caller of a closed route is told: a page sends to the sign-in, a file answers 401 (S-032).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    Page,
    File,
}

pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    pub kind: Kind,
    handler: fn() -> MethodRouter<App>,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:expr, $kind:ident => $handler:path;)*) => {
        vec![$(Route {
            method: stringify!($method),
            path: $path,
            access: $access,
            kind: Kind::$kind,
            handler: || $method($handler),
        }),*]
    };
}

pub fn table() -> Vec<Route> {
    use Access::{Needs, Public, Signed};
    use Permission::{AcknowledgeFlag, Administer, QueryCohort, ReadModel, ReadPatient, ReadTriage, RecordVisit};
    routes! {
        get  "/" Signed, Page => shared::sign_in::home;
        get  "/sign-in" Public, Page => shared::sign_in::show;
        post "/sign-in" Public, Page => shared::sign_in::enter;
        get  "/link/{token}" Public, Page => shared::sign_in::link;
        post "/link/{token}" Public, Page => shared::sign_in::use_link;
        post "/sign-out" Signed, Page => shared::sign_in::leave;
        get  "/kept/{token}" Signed, Page => shared::kept::show;
        get  "/patients" Needs(ReadPatient), Page => shared::patients::find;
        get  "/triage" Needs(ReadTriage), Page => clinician::triage::show;
        get  "/patients/{site}/{key}" Needs(ReadPatient), Page => clinician::patient::show;
        get  "/patients/{site}/{key}/flags/{flag}" Needs(ReadPatient), Page => to_patient;
        post "/patients/{site}/{key}/flags/{flag}" Needs(AcknowledgeFlag), Page => clinician::patient::acknowledge;
        get  "/patients/{site}/{key}/visits/new" Needs(RecordVisit), Page => coordinator::visit::blank;
        get  "/patients/{site}/{key}/visits" Needs(ReadPatient), Page => to_patient;
        post "/patients/{site}/{key}/visits" Needs(RecordVisit), Page => coordinator::visit::record;
        get  "/patients/{site}/{key}/readings/{reading}" Needs(ReadPatient), Page => coordinator::reading::show;
        post "/patients/{site}/{key}/readings/{reading}" Needs(RecordVisit), Page => coordinator::reading::correct;
        get  "/centres/{site}" Needs(ReadPatient), Page => shared::centre::show;
        get  "/model" Needs(ReadModel), Page => shared::model::show;
        get  "/flags" Needs(ReadModel), Page => shared::flags::show;
        get  "/cohorts" Needs(QueryCohort), Page => analyst::cohort::show;
        get  "/cohorts/export.csv" Needs(QueryCohort), File => analyst::cohort::export;
        get  "/cohorts/dictionary.csv" Needs(QueryCohort), File => analyst::cohort::dictionary;
        get  "/administration" Needs(Administer), Page => administrator::overview::show;
        get  "/administration/budget" Needs(Administer), Page => to_budget;
        post "/administration/budget" Needs(Administer), Page => administrator::overview::set_budget;
        get  "/night" Needs(Administer), Page => administrator::night::show;
        get  "/static/{*file}" Public, File => assets::serve;
        get  "/healthz/live" Public, File => health::live;
        get  "/healthz/ready" Public, File => health::ready;
    }
}

/// A refused form comes back at the address that it was posted to. Asked for by GET, as by Back or a reload, that address leads to the
/// page where the form stands.
async fn to_patient(
    State(app): State<App>,
    actor: Actor,
    Path(names): Path<HashMap<String, String>>,
) -> super::Result<Redirect> {
    let name = |part| names.get(part).map_or("", String::as_str);
    // the page is asked, so that whoever may not see it is told the same here
    let page = patients::show(&app, &actor, name("site"), name("key")).await?;
    let (site, key) = (page.site.code, page.history.patient.key);
    Ok(Redirect::to(&format!("/patients/{site}/{key}")))
}

async fn to_budget() -> Redirect {
    Redirect::to("/administration#budget")
}

/// One line of `metwatch routes --json`.
#[derive(Serialize)]
pub struct Listed {
    pub method: String,
    pub path: &'static str,
    pub access: String,
    pub kind: Kind,
}

pub fn listed() -> Vec<Listed> {
    table()
        .into_iter()
        .map(|route| Listed {
            method: route.method.to_uppercase(),
            path: route.path,
            access: match route.access {
                Access::Public => "public".into(),
                Access::Signed => "signed in".into(),
                Access::Needs(permission) => format!("{permission:?}"),
            },
            kind: route.kind,
        })
        .collect()
}

/// The whole application as a service.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in table() {
        let gate = session::Gate {
            app: app.clone(),
            access: route.access,
            kind: route.kind,
            path: route.path,
        };
        let handler = (route.handler)()
            .route_layer(from_fn(error::for_whom))
            .route_layer(from_fn_with_state(gate, session::admit));
        router = router.route(route.path, handler);
    }
    // the outermost layer stands last
    router
        .fallback(error::no_such_page)
        .with_state(app.clone())
        // inside the request's own task, so that one whose client hung up still counts
        .layer(from_fn(guard::shed))
        .layer(from_fn(guard::finish_whatever_happens))
        .layer(DefaultBodyLimit::max(guard::BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), guard::same_origin))
        .layer(from_fn_with_state(app.clone(), guard::known_host))
        .layer(from_fn_with_state(app.clone(), error::dress))
        .layer(from_fn_with_state(app, guard::headers))
        .layer(CompressionLayer::new())
}
