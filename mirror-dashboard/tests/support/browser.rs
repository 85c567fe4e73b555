//! A real browser, driven over `WebDriver`.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use futures_util::FutureExt;
use serde_json::{Value, json};
use testkit::Directory;

/// No test of a page takes that long.
const PATIENCE: Duration = Duration::from_mins(2);

/// A page under test.
pub(crate) struct Browser {
    client: Client,
}

/// The driver. The browser ends with its session, and the driver with this.
struct Driver {
    child: Child,
    url: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a program is. One that is not installed is said, and is a failure where all are needed.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        let left_out = format!("LEFT OUT: the page in a browser: {program} is not installed");
        assert!(
            std::env::var_os("CI") != Some(OsString::from("true")),
            "{left_out}"
        );
        eprintln!("\n{left_out}\n");
    }
    found
}

impl Driver {
    fn start() -> Option<Self> {
        installed("chromium")?;
        let program = installed("chromedriver")?;
        let mut child = Command::new(program)
            .args(["--port=0", "--allowed-ips=127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                Some(
                    line.split_once("successfully on port ")?
                        .1
                        .trim_end_matches('.')
                        .to_owned(),
                )
            })
            .expect("the driver says its port");
        // It must not block for want of a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        })
    }
}

/// Runs a test in a browser of its own, if there is one. The browser ends, whatever the test does.
pub(crate) async fn browse<F>(test: impl FnOnce(Browser) -> F)
where
    F: Future<Output = ()>,
{
    let Some(driver) = Driver::start() else {
        return;
    };
    let folder = Directory::new("browser");
    let arguments = [
        "--headless=new",
        // It runs as root in containers, and loads nothing but the page of the test.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--window-size=1280,1000",
        &format!("--user-data-dir={}", folder.path().display()),
    ];
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!()
    };
    let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url)
        .await
        .unwrap();
    let browser = Browser {
        client: client.clone(),
    };
    let ended =
        tokio::time::timeout(PATIENCE, AssertUnwindSafe(test(browser)).catch_unwind()).await;
    let closed = client.close().await;
    drop(driver);
    if let Err(panicked) = ended.expect("the test of a page took too long") {
        resume_unwind(panicked);
    }
    closed.unwrap();
}

/// A command of the driver that is Chromium's own.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.0
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The value of an expression in the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.client.execute(&script, Vec::new()).await.unwrap()
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn until(&self, expression: &str) {
        let end = tokio::time::Instant::now() + PATIENCE / 4;
        while self.value(&format!("Boolean({expression})")).await != json!(true) {
            if tokio::time::Instant::now() > end {
                let text = self.text("body").await;
                let console = self.console().await;
                panic!("never: {expression}\nconsole: {console:?}\npage: {text}");
            }
        }
    }

    /// The text that is seen in the first element that a selector finds.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let expression = format!("document.querySelector({selector:?})?.innerText ?? ''");
        self.value(&expression).await.as_str().unwrap().to_owned()
    }

    /// Presses what a selector finds, once it is there.
    pub(crate) async fn press(&self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})"))
            .await;
        self.value(&format!("document.querySelector({selector:?}).click()"))
            .await;
    }

    /// Presses keys, as a person does.
    pub(crate) async fn type_keys(&self, keys: &[&str]) {
        for key in keys {
            for kind in ["rawKeyDown", "keyUp"] {
                self.devtools("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code(key) })).await;
            }
        }
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.client
            .issue_cmd(Own("goog/cdp/execute", body))
            .await
            .unwrap()
    }

    /// The size of the window, in pixels of CSS.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    pub(crate) async fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// What the console was told since it was asked for last, and every error in it.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self
            .client
            .issue_cmd(Own("se/log", json!({ "type": "browser" })))
            .await
            .unwrap();
        let entries = entries.as_array().unwrap().iter();
        entries
            .map(|entry| format!("{}: {}", entry["level"], entry["message"]))
            .collect()
    }

    /// Writes a picture into the directory of the variable `MIRROR_SCREENSHOTS`, if it is set.
    pub(crate) async fn picture(&self, name: &str) {
        let png = self.client.screenshot().await.unwrap();
        assert!(png.starts_with(b"\x89PNG"));
        if let Some(directory) = std::env::var_os("MIRROR_SCREENSHOTS") {
            fs::write(PathBuf::from(directory).join(format!("{name}.png")), png).unwrap();
        }
    }

    /// What is wider than the window, so that the page has to be scrolled sideways.
    pub(crate) async fn overflowing(&self) -> Vec<String> {
        let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth ? [...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll') && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => `${one.localName}.${one.className} ${one.textContent.slice(0, 40)}`) : []";
        serde_json::from_value(self.value(wide).await).unwrap()
    }
}

fn code(key: &str) -> u32 {
    match key {
        "Tab" => 9,
        "Enter" => 13,
        "Escape" => 27,
        " " => 32,
        _ => 0,
    }
}
