use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use super::*;

/// An output whose every write waits for a permit; the permit says whether it fails.
struct Gated {
    permits: Receiver<Option<io::ErrorKind>>,
    written: Sender<String>,
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(Some(kind)) = self.permits.recv() {
            return Err(kind.into());
        }
        let _ = self.written.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start(format: LogFormat) -> (Arc<LineQueue>, Sender<Option<io::ErrorKind>>, Receiver<String>) {
    let queue = Arc::new(LineQueue::new(format));
    let (permit, permits) = mpsc::channel();
    let (written, lines) = mpsc::channel();
    let writer = Arc::clone(&queue);
    std::thread::spawn(move || writer.write_to(Gated { permits, written }));
    (queue, permit, lines)
}

/// Everything that is written until `end` is.
fn until(lines: &Receiver<String>, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        text += &lines.recv_timeout(Duration::from_secs(30)).expect("more is written");
    }
    text
}

#[test]
fn an_output_that_is_not_read_holds_nobody_up_and_what_is_dropped_is_counted_and_told() {
    let (queue, permit, lines) = start(LogFormat::Text);
    let line = vec![b'x'; 999].into_iter().chain([b'\n']).collect::<Vec<u8>>();
    for _ in 0..5000 {
        queue.push(line.clone());
    }
    let dropped = queue.dropped();
    assert!((5000 - 1049..5000 - 900).contains(&dropped), "{dropped}");
    queue.flush(Duration::from_millis(50));
    for _ in 0..100 {
        permit.send(None).unwrap();
    }
    let text = until(&lines, "dropped");
    assert!(
        text.contains(&format!("WARN {dropped} lines were dropped")),
        "{dropped}"
    );
    assert_eq!(queue.dropped(), dropped);
    queue.push(b"after\n".to_vec());
    assert!(until(&lines, "after\n").ends_with("after\n"));
    queue.flush(Duration::from_secs(30));
}

#[test]
fn no_more_lines_are_kept_than_the_bound_however_short_they_are() {
    let (queue, _permit, _lines) = start(LogFormat::Text);
    for _ in 0..100_000 {
        queue.push(b"\n".to_vec());
    }
    assert!(queue.lock().lines.len() <= MAX_LINES);
    assert!(queue.dropped() > 0);
}

#[test]
fn a_write_that_fails_drops_its_lines_and_the_next_ones_are_tried() {
    for kind in [
        io::ErrorKind::StorageFull,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::FileTooLarge,
    ] {
        let (queue, permit, lines) = start(LogFormat::Json);
        queue.push(b"lost\n".to_vec());
        permit.send(Some(kind)).unwrap();
        while queue.dropped() == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        // It takes nothing: there is nothing to wait for.
        let began = Instant::now();
        queue.push(b"{\"message\":\"kept\"}\n".to_vec());
        queue.flush(Duration::from_secs(60));
        assert!(began.elapsed() < Duration::from_secs(30));
        for _ in 0..3 {
            permit.send(None).unwrap();
        }
        let text = until(&lines, "dropped");
        assert!(text.starts_with("{\"message\":\"kept\"}\n"), "{text}");
        let told: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(
            (told["level"].as_str(), told["lines"].as_u64()),
            (Some("WARN"), Some(1)),
            "{text}"
        );
        assert_eq!(queue.dropped(), 1);
    }
}

/// Takes `room` bytes, then fails once, then takes everything.
struct Short {
    room: usize,
    has_failed: bool,
    written: Sender<String>,
}

impl Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 && !self.has_failed {
            self.has_failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let length = if self.has_failed {
            bytes.len()
        } else {
            bytes.len().min(self.room)
        };
        self.room -= length.min(self.room);
        let _ = self
            .written
            .send(String::from_utf8_lossy(&bytes[..length]).into_owned());
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_that_was_written_in_part_is_ended_before_the_next() {
    let queue = Arc::new(LineQueue::new(LogFormat::Text));
    queue.push(b"first\n".to_vec());
    queue.push(b"second\n".to_vec());
    let (written, lines) = mpsc::channel();
    let writer = Arc::clone(&queue);
    std::thread::spawn(move || {
        writer.write_to(Short {
            room: 9,
            has_failed: false,
            written,
        });
    });
    while queue.dropped() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    queue.push(b"third\n".to_vec());
    let text = until(&lines, "dropped");
    assert!(text.starts_with("first\nsec\nthird\n"), "{text}");
    assert!(text.contains("WARN 1 line was dropped"), "{text}");
}
