//! A database address taken apart and put together again for another login or database.

/// `scheme://user:password@host:port/database?query`, split; nothing is decoded.
pub struct Address<'a> {
    scheme: &'a str,
    user: &'a str,
    host: &'a str,
    database: &'a str,
    query: &'a str,
}

impl<'a> Address<'a> {
    pub fn parse(url: &'a str) -> Option<Address<'a>> {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        Some(Address {
            scheme,
            user,
            host,
            database,
            query,
        })
    }

    /// The database that is meant for us: `postgres` and the templates are where an administrator signs in, not a home.
    pub fn home(&self) -> &str {
        match self.database {
            "" | "postgres" | "template0" | "template1" => super::DATABASE,
            other => other,
        }
    }

    /// The login, when no password stands beside it.
    pub fn bare_login(&self) -> Option<&str> {
        (!self.user.is_empty() && !self.user.contains(':') && !self.query.contains("password=")).then_some(self.user)
    }

    /// The same login at another database.
    pub fn at(&self, database: &str) -> String {
        self.join(self.user, database)
    }

    /// Another login at our database.
    pub fn login(&self, name: &str, password: Option<&str>) -> String {
        let user = password.map_or(name.to_owned(), |password| format!("{name}:{password}"));
        self.join(&user, self.home())
    }

    fn join(&self, user: &str, database: &str) -> String {
        // Who and where are said once, in front: the query's word would win.
        let said_in_front = ["user=", "password=", "dbname="];
        let kept: Vec<&str> = self
            .query
            .split('&')
            .filter(|pair| !pair.is_empty() && !said_in_front.iter().any(|key| pair.starts_with(key)))
            .collect();
        let at = if user.is_empty() { "" } else { "@" };
        let mark = if kept.is_empty() { "" } else { "?" };
        format!(
            "{}://{user}{at}{}/{database}{mark}{}",
            self.scheme,
            self.host,
            kept.join("&")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_turned_to_another_login() {
        let there =
            Address::parse("postgres://admin:p%40ss@db.example:5433/postgres?sslmode=verify-full&user=x").unwrap();
        assert_eq!(
            there.at("metwatch"),
            "postgres://admin:p%40ss@db.example:5433/metwatch?sslmode=verify-full"
        );
        let app = there.login("metwatch_app", Some("secret"));
        assert_eq!(
            app,
            "postgres://metwatch_app:secret@db.example:5433/metwatch?sslmode=verify-full"
        );
        assert_eq!(there.bare_login(), None);
        let named = Address::parse("postgres://postgres@localhost/trials?host=/run/pg").unwrap();
        assert_eq!(
            named.login("metwatch_job", None),
            "postgres://metwatch_job@localhost/trials?host=/run/pg"
        );
        assert_eq!(
            Address::parse("postgresql://host").unwrap().at("metwatch"),
            "postgresql://host/metwatch"
        );
    }
}
