//! Servers that answer too much, too slowly, or without sense, over raw sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use certward::ravendb::{Client, ClientBuilder, ListCertificates};
use certward::{Error, redis_enterprise};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const BUILD: &str = r#"{"ProductVersion":"7.2","BuildVersion":1,"CommitHash":"x","FullVersion":"7.2.7"}"#;
/// Operation timeout of the client, and the test's own bound: the machine may be busy.
const OPERATION: Duration = Duration::from_millis(600);
const BOUND: Duration = Duration::from_secs(10);

/// Reads each request's header and lets `answer` write what it likes; the connection is closed then.
async fn serve<F: Future<Output = std::io::Result<()>> + Send>(
    answer: impl Fn(String, TcpStream) -> F + Clone + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (answer, counter) = (answer.clone(), Arc::clone(&counter));
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match socket.read(&mut buffer).await {
                        Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
                        _ => return,
                    }
                }
                counter.fetch_add(1, Ordering::Relaxed);
                // The client hangs up when it has had enough.
                let _ = answer(String::from_utf8_lossy(&request).into_owned(), socket).await;
            });
        }
    });
    (endpoint, requests)
}

/// Answers with these bytes and closes.
async fn serve_bytes(bytes: Vec<u8>) -> String {
    let answer = move |_, mut socket: TcpStream| {
        let bytes = bytes.clone();
        async move { socket.write_all(&bytes).await }
    };
    serve(answer).await.0
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn builder(endpoint: &str) -> ClientBuilder {
    let key = rcgen::KeyPair::generate().unwrap();
    let anchor = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
    let builder = Client::builder().danger_allow_plain_http().endpoint(endpoint);
    let builder = builder.trust_anchors_pem(&anchor);
    builder
        .retry_wait(Duration::from_millis(1), Duration::from_millis(5))
        .operation_timeout(OPERATION)
}

fn redis_client(endpoint: &str) -> redis_enterprise::Client {
    let key = rcgen::KeyPair::generate().unwrap();
    let anchor = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
    let builder = redis_enterprise::Client::builder().danger_allow_plain_http();
    let builder = builder.endpoint(endpoint).trust_anchors_pem(&anchor);
    builder.build().unwrap()
}

/// The error of an operation that must end within [`BOUND`].
async fn failure<T: std::fmt::Debug>(operation: impl Future<Output = Result<T, Error>>) -> Error {
    let start = Instant::now();
    let error = tokio::time::timeout(BOUND, operation).await.unwrap().unwrap_err();
    assert!(start.elapsed() < BOUND);
    error
}

#[tokio::test]
async fn answer_of_one_byte_at_a_time_ends_with_the_operation() {
    let drip = |_, mut socket: TcpStream| async move {
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            .await?;
        loop {
            socket.write_all(b" ").await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (endpoint, _) = serve(drip).await;
    let error = failure(builder(&endpoint).build().unwrap().server().version()).await;
    assert!(error.is_timeout(), "{error:?}");

    let silent = |_, socket: TcpStream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(socket);
        Ok(())
    };
    let (endpoint, requests) = serve(silent).await;
    let client = builder(&endpoint)
        .request_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    assert!(failure(client.server().version()).await.is_timeout());
    // A second request was begun within the operation, but not all five.
    assert!((2..5).contains(&requests.load(Ordering::Relaxed)), "{requests:?}");
}

#[tokio::test]
async fn wishes_to_retry_later_are_bounded_by_the_operation() {
    let busy = |_, mut socket: TcpStream| async move {
        let answer = "HTTP/1.1 503 Busy\r\nretry-after: 60\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        socket.write_all(answer.as_bytes()).await
    };
    let (endpoint, requests) = serve(busy).await;
    let error = failure(builder(&endpoint).build().unwrap().server().version()).await;
    assert_eq!((error.status(), requests.load(Ordering::Relaxed)), (Some(503), 1));
}

#[tokio::test]
async fn bodies_without_an_end_are_given_up_at_the_limit() {
    let chunks = |_, mut socket: TcpStream| async move {
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await?;
        loop {
            socket.write_all(b"400\r\n").await?;
            socket.write_all(&[b' '; 0x400]).await?;
            socket.write_all(b"\r\n").await?;
        }
    };
    let (endpoint, requests) = serve(chunks).await;
    let client = builder(&endpoint)
        .max_response_bytes(10_000)
        .operation_timeout(BOUND)
        .build()
        .unwrap();
    let error = failure(client.server().version()).await;
    assert!(
        error.is_too_large() && error.to_string().contains("more than 10000 bytes"),
        "{error}"
    );
    assert_eq!(requests.load(Ordering::Relaxed), 1);

    // What the server announces is believed before anything of it is read.
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec();
    let client = builder(&serve_bytes(announced).await).build().unwrap();
    assert!(failure(client.server().version()).await.is_too_large());
}

#[tokio::test]
async fn answer_of_very_many_small_objects_is_refused_before_it_takes_memory() {
    let endpoint = serve_bytes(ok(&format!("[{}]", vec![r#"{"uid":1}"#; 200_000].join(","))).into_bytes()).await;
    let error = failure(redis_client(&endpoint).databases().list()).await;
    assert!(
        error.is_too_large() && error.to_string().contains("200000 objects"),
        "{error:?}"
    );
}

#[tokio::test]
async fn server_that_says_nothing_in_the_handshake_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            kept.push(socket);
        }
    });
    let client = builder(&endpoint)
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = failure(client.server().version()).await;
    assert!(error.is_connect() || error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn headers_without_an_end_are_typed_errors() {
    let many = |_, mut socket: TcpStream| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        for number in 0u32.. {
            socket.write_all(format!("x-{number}: y\r\n").as_bytes()).await?;
        }
        Ok(())
    };
    let long = |_, mut socket: TcpStream| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\nx: ").await?;
        loop {
            socket.write_all(&[b'y'; 1024]).await?;
        }
    };
    for endpoint in [serve(many).await.0, serve(long).await.0] {
        let client = builder(&endpoint).operation_timeout(BOUND).build().unwrap();
        let error = failure(client.server().version()).await;
        assert!(
            error.is_too_large() && error.to_string().contains("header"),
            "{error:?}"
        );
    }
    // Interim answers (RFC 9110 15.2) without end cost time only.
    let interim = |_, mut socket: TcpStream| async move {
        loop {
            socket.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let client = builder(&serve(interim).await.0).build().unwrap();
    assert!(failure(client.server().version()).await.is_timeout());
}

#[tokio::test]
async fn answers_without_sense_are_typed_errors_that_show_no_content() {
    let json = |body: &str| ok(body).into_bytes();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let gzip = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x08canary";
    for answer in [
        json("<html><body>canary</body></html>"),
        json("canary"),
        json(""),
        json("null"),
        json("[]"),
        json(&deep),
        json(r#"{"ProductVersion":"canary","ProductVersion":1}"#),
        json(r#"{"ProductVersion":"canary","BuildVersion":"canary"}"#),
        json(r#"{"ProductVersion":"canary","BuildVersion":1e999,"CommitHash":"x","FullVersion":"7.2.7"}"#),
        gzip.as_bytes().to_vec(),
        b"SSH-2.0-canary\r\n\r\n".to_vec(),
        b"HTTP/1.1 canary\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\ncanary".to_vec(),
    ] {
        let endpoint = serve_bytes(answer.clone()).await;
        let error = failure(builder(&endpoint).build().unwrap().server().version()).await;
        let shown = String::from_utf8_lossy(&answer);
        assert!(error.is_decode(), "{shown:.80}: {error:?}");
        assert!(!format!("{error:?} {}", error.report()).contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn answer_cut_at_every_byte_is_an_error_of_the_connection_or_the_content() {
    let whole = ok(BUILD);
    builder(&serve_bytes(whole.clone().into_bytes()).await)
        .build()
        .unwrap()
        .server()
        .version()
        .await
        .unwrap();
    for length in 0..whole.len() {
        let endpoint = serve_bytes(whole.as_bytes()[..length].to_vec()).await;
        let client = builder(&endpoint).max_retries(0).build().unwrap();
        let error = failure(client.server().version()).await;
        assert!(error.is_retryable() || error.is_decode(), "{length}: {error:?}");
    }
    // Without a length, the end of the connection is the end of the answer: only its content tells.
    let open = format!("HTTP/1.1 200 OK\r\n\r\n{BUILD}");
    for length in open.len() - BUILD.len()..open.len() {
        let endpoint = serve_bytes(open.as_bytes()[..length].to_vec()).await;
        let error = failure(builder(&endpoint).max_retries(0).build().unwrap().server().version()).await;
        assert!(error.is_decode(), "{length}: {error:?}");
    }
}

fn entry(number: usize) -> String {
    format!(
        r#"{{"Name":"c","Thumbprint":"{number:040X}","SecurityClearance":"Operator","Permissions":{{}},"NotAfter":"2030-01-01T00:00:00.0000000Z"}}"#
    )
}

fn page(numbers: std::ops::Range<usize>) -> String {
    let entries: Vec<String> = numbers.map(entry).collect();
    ok(&format!(r#"{{"Results":[{}]}}"#, entries.join(",")))
}

fn start_of(request: &str) -> usize {
    let (_, rest) = request.split_once("start=").unwrap();
    rest.split(['&', ' ']).next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn listing_ends_when_the_server_repeats_a_page_or_invents_pages() {
    let list = ListCertificates::new().metadata_only().page_size(10);
    let repeated = |_, mut socket: TcpStream| async move { socket.write_all(page(0..10).as_bytes()).await };
    let (endpoint, requests) = serve(repeated).await;
    let client = builder(&endpoint).operation_timeout(BOUND).build().unwrap();
    let error = failure(client.certificates().list_all(&list)).await;
    assert!(
        error.is_too_large() && error.to_string().contains("repeats pages"),
        "{error}"
    );
    assert_eq!(requests.load(Ordering::Relaxed), 3);

    let invented = |request: String, mut socket: TcpStream| async move {
        let start = start_of(&request);
        socket.write_all(page(start..start + 10).as_bytes()).await
    };
    let (endpoint, requests) = serve(invented).await;
    let client = builder(&endpoint).operation_timeout(6 * BOUND).build().unwrap();
    let error = client.certificates().list_all(&list).await.unwrap_err();
    assert!(
        error.is_too_large() && error.to_string().contains("does not end"),
        "{error}"
    );
    assert_eq!(requests.load(Ordering::Relaxed), 201);

    let client = builder(&endpoint)
        .max_response_bytes(5_000)
        .operation_timeout(BOUND)
        .build()
        .unwrap();
    let error = failure(client.certificates().list_all(&list)).await;
    assert!(
        error.is_too_large() && error.to_string().contains("20000 bytes together"),
        "{error}"
    );

    let client = builder(&endpoint)
        .operation_timeout(Duration::from_millis(20))
        .build()
        .unwrap();
    assert!(failure(client.certificates().list_all(&list)).await.is_timeout());
}

#[tokio::test]
async fn listing_goes_through_all_pages_and_has_each_entry_once() {
    // The second page overlaps with the first, as when an entry is added meanwhile.
    let pages = |request: String, mut socket: TcpStream| async move {
        let answer = match start_of(&request) {
            0 => page(0..10),
            10 => page(9..19),
            20 => page(18..19),
            _ => page(0..0),
        };
        socket.write_all(answer.as_bytes()).await
    };
    let (endpoint, requests) = serve(pages).await;
    let client = builder(&endpoint).operation_timeout(BOUND).build().unwrap();
    let list = client
        .certificates()
        .list_all(&ListCertificates::new().page_size(10))
        .await
        .unwrap();
    let thumbprints: Vec<String> = list
        .certificates
        .iter()
        .map(|entry| entry.thumbprint.to_string())
        .collect();
    let expected: Vec<String> = (0..19).map(|number| format!("{number:040X}")).collect();
    assert_eq!((thumbprints, requests.load(Ordering::Relaxed)), (expected, 4));
}

#[tokio::test]
async fn wait_for_a_change_ends_in_time_when_the_server_stops_answering() {
    let stalls = |request: String, mut socket: TcpStream| async move {
        if request.starts_with("DELETE") {
            return socket.write_all(ok("{}").as_bytes()).await;
        }
        socket
            .write_all(ok(r#"{"uid":1,"name":"a","status":"pending"}"#).as_bytes())
            .await?;
        Ok(())
    };
    let (endpoint, _) = serve(stalls).await;
    let client = redis_client(&endpoint);
    let uid = redis_enterprise::DatabaseUid::from(1);
    let timeout = Duration::from_millis(200);
    assert!(
        failure(client.databases().wait_until_active(uid, timeout))
            .await
            .is_timeout()
    );
    assert!(
        failure(client.databases().delete_and_wait(uid, timeout))
            .await
            .is_timeout()
    );

    // Answers the first question, and then nothing more.
    let asked = Arc::new(AtomicUsize::new(0));
    let stops = move |_, mut socket: TcpStream| {
        let asked = Arc::clone(&asked);
        async move {
            if asked.fetch_add(1, Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            socket
                .write_all(ok(r#"{"uid":1,"name":"a","status":"pending"}"#).as_bytes())
                .await
        }
    };
    let (endpoint, _) = serve(stops).await;
    let client = redis_client(&endpoint);
    assert!(
        failure(client.databases().wait_until_active(uid, timeout))
            .await
            .is_timeout()
    );
}

#[tokio::test]
async fn text_of_a_server_reaches_no_error_unescaped() {
    let message = r#"{"Type":"A\u202eB","Message":"x\u202ey\u001b[2J\u2066z\u200b\u0007\nnext","Error":""}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{message}",
        message.len()
    );
    let endpoint = serve_bytes(answer.into_bytes()).await;
    let error = failure(builder(&endpoint).build().unwrap().server().version()).await;
    assert_eq!(error.error_type(), Some("A\\u{202e}B"));
    assert_eq!(
        error.server_message(),
        Some("x\\u{202e}y\\u{1b}[2J\\u{2066}z\\u{200b}\\u{7} next")
    );
    let redirect = "HTTP/1.1 302 Found\r\nlocation: http://a/\x1b[2J\r\ncontent-length: 0\r\n\r\n";
    let endpoint = serve_bytes(redirect.as_bytes().to_vec()).await;
    let error = failure(builder(&endpoint).build().unwrap().server().version()).await;
    assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
}
