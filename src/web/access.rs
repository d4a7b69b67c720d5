//! Who may look, who may command: tokens of a file, sessions of browsers, and two houses without tokens on the loopback.
//!
//! | House | Who looks | Who commands |
//! |---|---|---|
//! | [`Access::look_only`] | everybody on this machine | nobody |
//! | [`Access::demo`] | everybody on this machine | whoever opens a session from the page itself: the street is simulated |
//! | [`Access::with_tokens`] | viewers and operators | operators |
//!
//! A token comes as `Authorization: Bearer TOKEN`, or once as the body of `POST /api/v1/session`, which answers with a cookie that a script
//! cannot read (`HttpOnly`) and that no other site's page can make the browser send (`SameSite=Strict`; and a change by cookie must name its own
//! origin, [`super::guard`]). Tokens are kept and compared as SHA-256 digests, so that neither a core dump of this table nor the time that a
//! comparison takes tells one. Sessions live [`SESSION_MAX`] and in memory only; a restart ends them, and so does a reload of tokens.
//!
//! A file of tokens: one line each, `NAME ROLE TOKEN`, role `viewer` or `operator`, token [`TOKEN_MIN`] to [`TOKEN_MAX`] visible characters;
//! `#` begins a comment. Its mode is judged by who reads it (`cli/secret_file`).

use axum::http::{HeaderMap, header};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Fewest characters of a token.
pub const TOKEN_MIN: usize = 20;
/// Most characters of a token.
pub const TOKEN_MAX: usize = 256;
/// How long a session lives.
pub const SESSION_MAX: Duration = Duration::from_secs(12 * 3_600);
/// Most sessions at a time; the oldest makes room.
const SESSIONS_MAX: usize = 256;
/// Name of the cookie; the port follows, because browsers keep the cookies of all ports of a host together.
const COOKIE: &str = "lightwatch-";

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    None,
    /// Look.
    Viewer,
    /// Look, command, acknowledge.
    Operator,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As in the file of tokens.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// Whether a cookie says so.
    pub by_cookie: bool,
}

type Digest = [u8; 32];

struct Session {
    name: String,
    role: Role,
    since: Instant,
}

/// What the house does without tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum House {
    LookOnly,
    Demo,
    Tokens,
}

/// The doorkeeper; knows no token in the clear.
pub struct Access {
    house: House,
    tokens: BTreeMap<Digest, (String, Role)>,
    sessions: Mutex<BTreeMap<Digest, Session>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::look_only()
    }
}

impl Access {
    /// Everybody on this machine looks, nobody commands.
    pub fn look_only() -> Self {
        Self { house: House::LookOnly, tokens: BTreeMap::new(), sessions: Mutex::default() }
    }

    /// Everybody on this machine looks, and who opens a session commands.
    pub fn demo() -> Self {
        Self { house: House::Demo, ..Self::look_only() }
    }

    /// Only who has a token looks or commands.
    ///
    /// # Errors
    /// Every line that is wrong, by its number and never with what stands in it.
    pub fn with_tokens(text: &str) -> Result<Self, String> {
        let (mut tokens, mut names, mut wrong) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            match token(&words) {
                Ok((name, role, digest)) if names.insert(name.clone()) && !tokens.contains_key(&digest) => {
                    tokens.insert(digest, (name, role));
                }
                Ok(_) => wrong.push(format!("line {}: this name or token stands there already", number + 1)),
                Err(why) => wrong.push(format!("line {}: {why}", number + 1)),
            }
        }
        if tokens.is_empty() && wrong.is_empty() {
            wrong.push("no token in it (allowed: lines NAME viewer|operator TOKEN)".to_owned());
        }
        if wrong.is_empty() {
            Ok(Self { house: House::Tokens, tokens, sessions: Mutex::default() })
        } else {
            Err(wrong.join("; "))
        }
    }

    /// Whether a session wants a token.
    pub fn needs_token(&self) -> bool {
        self.house != House::Demo
    }

    /// Whether there are tokens at all.
    pub fn has_tokens(&self) -> bool {
        self.house == House::Tokens
    }

    /// Who asks; somebody without a token or session is nobody where tokens are wanted, and a viewer elsewhere.
    ///
    /// # Errors
    /// A token that nobody has.
    pub fn who(&self, headers: &HeaderMap, port: u16) -> Result<Person, &'static str> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|it| it.strip_prefix("Bearer ")).map(str::trim);
            let known = token.and_then(|it| self.tokens.get(&digest(it.as_bytes())));
            let (name, role) = known.ok_or("no such token; Authorization: Bearer TOKEN")?;
            return Ok(Person { name: name.clone(), role: *role, by_cookie: false });
        }
        if let Some(id) = cookie(headers, port)
            && let Some(session) = self.living().get(&digest(id.as_bytes()))
        {
            return Ok(Person { name: session.name.clone(), role: session.role, by_cookie: true });
        }
        let role = if self.house == House::Tokens { Role::None } else { Role::Viewer };
        Ok(Person { name: "anybody".to_owned(), role, by_cookie: false })
    }

    /// Open a session with a token, or without one where that is enough; who it is, and the value of the cookie.
    ///
    /// # Errors
    /// Why not; or that the system gives no random numbers.
    pub fn open(
        &self,
        token: Option<&str>,
        port: u16,
        secure: bool,
    ) -> io::Result<Result<(Person, String), &'static str>> {
        let (name, role) = match (self.house, token) {
            (House::Demo, _) => ("demo".to_owned(), Role::Operator),
            (House::LookOnly, _) => return Ok(Err("no session here: the engine was started without a file of tokens")),
            (House::Tokens, token) => match token.and_then(|it| self.tokens.get(&digest(it.as_bytes()))) {
                Some(known) => known.clone(),
                None => return Ok(Err("no such token")),
            },
        };
        let id = random()?;
        let mut sessions = self.living();
        if sessions.len() >= SESSIONS_MAX {
            let oldest = sessions.iter().min_by_key(|(_, it)| it.since).map(|(key, _)| *key);
            oldest.and_then(|it| sessions.remove(&it));
        }
        sessions.insert(digest(id.as_bytes()), Session { name: name.clone(), role, since: Instant::now() });
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE}{port}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
            SESSION_MAX.as_secs()
        );
        Ok(Ok((Person { name, role, by_cookie: true }, cookie)))
    }

    /// End the session of a request; the value that takes its cookie away.
    pub fn close(&self, headers: &HeaderMap, port: u16) -> String {
        if let Some(id) = cookie(headers, port) {
            self.living().remove(&digest(id.as_bytes()));
        }
        format!("{COOKIE}{port}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }

    fn living(&self) -> MutexGuard<'_, BTreeMap<Digest, Session>> {
        // Sessions are put in and taken out as a whole, so a poisoned lock still guards sound ones.
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, it| it.since.elapsed() < SESSION_MAX);
        sessions
    }
}

fn token(words: &[&str]) -> Result<(String, Role, Digest), &'static str> {
    let [name, role, token] = words else { return Err("allowed are three words: NAME viewer|operator TOKEN") };
    let role = match *role {
        "viewer" => Role::Viewer,
        "operator" => Role::Operator,
        _ => return Err("the role is not one of viewer, operator"),
    };
    if name.len() > 64 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) {
        return Err("the name is not 1…64 of [a-zA-Z0-9_.-]");
    }
    if !(TOKEN_MIN..=TOKEN_MAX).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the token is not 20…256 visible ASCII characters");
    }
    Ok(((*name).to_owned(), role, digest(token.as_bytes())))
}

fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// The session that a request names.
fn cookie(headers: &HeaderMap, port: u16) -> Option<&str> {
    let name = format!("{COOKIE}{port}");
    let all = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    all.flat_map(|it| it.split(';')).find_map(|it| it.trim().strip_prefix(name.as_str())?.strip_prefix('='))
}

/// 32 random bytes in hexadecimal digits.
fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const FILE: &str =
        "# who may what\nli operator 0123456789abcdefghij\nwall viewer ABCDEFGHIJ0123456789 # the screen\n";

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_token_says_who_asks_and_a_wrong_one_says_nothing() {
        let access = Access::with_tokens(FILE).unwrap();
        let ask = |value: &str| access.who(&with(header::AUTHORIZATION, value), 1).map(|it| (it.name, it.role));
        assert_eq!(ask("Bearer 0123456789abcdefghij"), Ok(("li".into(), Role::Operator)));
        assert_eq!(ask("Bearer ABCDEFGHIJ0123456789"), Ok(("wall".into(), Role::Viewer)));
        for bad in ["Bearer 0123456789abcdefghi", "Bearer ", "0123456789abcdefghij", "Basic 0123456789abcdefghij"] {
            assert!(ask(bad).is_err(), "{bad}");
        }
        assert_eq!(access.who(&HeaderMap::new(), 1).unwrap().role, Role::None);
        assert_eq!(Access::look_only().who(&HeaderMap::new(), 1).unwrap().role, Role::Viewer);
        assert!(Access::look_only().who(&with(header::AUTHORIZATION, "Bearer 0123456789abcdefghij"), 1).is_err());
    }

    #[test]
    fn wrong_lines_are_all_told_by_number_and_never_quoted() {
        let text = "li operator secret\nli king 0123456789abcdefghij\na viewer 0123456789abcdefghij\nb viewer 0123456789abcdefghij\nx y";
        let told = Access::with_tokens(text).err().unwrap();
        for number in [1, 2, 4, 5] {
            assert!(told.contains(&format!("line {number}:")), "{told}");
        }
        assert!(!told.contains("secret") && !told.contains("0123456789"), "{told}");
        assert!(Access::with_tokens("# nobody\n").is_err());
    }

    #[test]
    fn a_session_is_known_by_its_cookie_at_its_port_until_it_is_closed() {
        let access = Access::with_tokens(FILE).unwrap();
        assert!(access.open(Some("wrong"), 1, true).unwrap().is_err());
        assert!(access.open(None, 1, true).unwrap().is_err());
        let (person, cookie) = access.open(Some("0123456789abcdefghij"), 8087, true).unwrap().unwrap();
        assert_eq!((person.name.as_str(), person.role), ("li", Role::Operator));
        assert!(["; HttpOnly", "; SameSite=Strict", "; Secure"].iter().all(|it| cookie.contains(it)), "{cookie}");
        let headers = with(header::COOKIE, &format!("other=1; {}", cookie.split(';').next().unwrap()));
        let known = access.who(&headers, 8087).unwrap();
        assert!(known.by_cookie && known.role == Role::Operator);
        assert_eq!(access.who(&headers, 8088).unwrap().role, Role::None);
        access.close(&headers, 8087);
        assert_eq!(access.who(&headers, 8087).unwrap().role, Role::None);
    }

    #[test]
    fn the_demo_opens_to_who_asks_and_a_house_without_tokens_to_nobody() {
        assert_eq!(Access::demo().open(None, 1, false).unwrap().unwrap().0.role, Role::Operator);
        assert!(Access::look_only().open(None, 1, false).unwrap().is_err());
    }

    #[test]
    fn the_oldest_session_makes_room() {
        let access = Access::demo();
        for _ in 0..=SESSIONS_MAX {
            access.open(None, 1, false).unwrap().unwrap();
        }
        assert_eq!(access.living().len(), SESSIONS_MAX);
    }
}
