//! Copies of the data of an engine that runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::super::{Engine, EngineLogin, open_saved_data};
use super::world::{ALWAYS, World, administer, ask, configuration, log_in, ready};
use crate::resp::reply::Reply;
use certward_store::backup::{DataForm, OpenData};

fn copy(data: OpenData, directory: &Path) {
    for mut file in data.files {
        let path = directory.join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::copy(&mut file.content, &mut fs::File::create(path).unwrap()).unwrap();
    }
}

async fn count_of(engine: &Engine) -> i64 {
    let mut connection = log_in(engine, &EngineLogin::DefaultUser).await;
    match ask(&mut connection, "GET", ["count"]).await.unwrap() {
        Reply::Bulk(digits) => String::from_utf8(digits).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_the_engine_writes_and_rewrites_has_all_that_was_acknowledged_before() {
    let copies = if std::env::var_os("CERTWARD_LONG_TESTS").is_some() {
        40
    } else {
        3
    };
    for (name, world) in World::matrix().await {
        let engine = world.engine(configuration(ALWAYS)).await;
        let (acknowledged, is_done) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut connection = log_in(&engine, &EngineLogin::DefaultUser).await;
        ask(&mut connection, "INCR", ["count"]).await.unwrap();
        let writer = tokio::spawn({
            let (acknowledged, is_done) = (Arc::clone(&acknowledged), Arc::clone(&is_done));
            async move {
                while !is_done.load(Ordering::SeqCst) {
                    let Ok(Reply::Integer(count)) = ask(&mut connection, "INCR", ["count"]).await else {
                        return;
                    };
                    acknowledged.store(count, Ordering::SeqCst);
                }
            }
        });
        let rewriter = tokio::spawn({
            let (engine, is_done) = (Arc::clone(&engine), Arc::clone(&is_done));
            async move {
                while !is_done.load(Ordering::SeqCst) {
                    // Refused while one is under way.
                    let _ = administer(&engine, "BGREWRITEAOF", []).await;
                    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
                }
            }
        });
        for number in 0..copies {
            let before = acknowledged.load(Ordering::SeqCst);
            let directory = world.directory();
            let data = tokio::task::spawn_blocking(move || open_saved_data(&directory))
                .await
                .unwrap();
            let data = data.unwrap().unwrap();
            assert_eq!(data.form, DataForm::AppendOnly);
            // What happens between opening and reading changes nothing.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let place = world.directory().with_file_name(format!("copy-{number}"));
            copy(data, &place);
            let at_most = acknowledged.load(Ordering::SeqCst) + 1;
            let copied = Engine::supervise(&world.program, place, configuration(ALWAYS), &world.tasks);
            ready(&copied).await;
            let count = count_of(&copied).await;
            assert!(
                (before..=at_most).contains(&count),
                "{name}: {before} to {at_most}, and the copy has {count}"
            );
            copied.stop().await;
        }
        is_done.store(true, Ordering::SeqCst);
        writer.await.unwrap();
        rewriter.await.unwrap();
        engine.stop().await;
    }
}
