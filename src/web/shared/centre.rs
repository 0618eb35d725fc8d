//! A centre's page: what it is, and what about it is an arrangement for demonstration.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::super::Result;
use super::super::shell::Shell;
use crate::actions::models::Site;
use crate::actions::sites::{self, Centre};
use crate::app::App;
use crate::domain::access::Actor;

#[derive(Template, WebTemplate)]
#[template(path = "shared/centre.html")]
pub struct CentrePage {
    page: Shell,
    centre: Centre,
}

/// Those of which something is an arrangement for demonstration, by name: figures over all centres hold their patients.
pub(super) fn arranged(sites: &[Site]) -> String {
    let arranged = sites.iter().filter(|site| site.arrangement.is_some());
    arranged.map(|site| site.name.as_str()).collect::<Vec<_>>().join(" · ")
}

pub async fn show(State(app): State<App>, actor: Actor, Path(code): Path<String>) -> Result<CentrePage> {
    let centre = sites::show(&app, &actor, &code).await?;
    Ok(CentrePage {
        page: Shell::of(&actor, centre.site.name.clone()),
        centre,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SiteId;

    #[test]
    fn only_what_is_arranged_is_named() {
        let site = |name: &str, arrangement: Option<&str>| Site {
            id: SiteId(1),
            code: "A".into(),
            name: name.into(),
            time_zone: "Europe/Amsterdam".into(),
            arrangement: arrangement.map(str::to_owned),
        };
        let sites = [
            site("Synthetic A", Some("made by a program")),
            site("Here", None),
            site("East", Some("dealt")),
        ];
        assert_eq!(arranged(&sites), "Synthetic A · East");
        assert_eq!(arranged(&sites[1..2]), "");
    }
}
