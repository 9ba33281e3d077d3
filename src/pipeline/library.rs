//! All pipelines of a playbook folder.

use std::path::Path;
use std::sync::Arc;

use super::example::try_examples;
use super::{Opens, Pipeline};
use crate::signals::condition::{Fault, nearest};

/// Reads the files below `pipelines/`, given as relative path and text, tries their examples, and says everything that is
/// wrong. In the order of their names.
pub fn load(files: &[(String, String)]) -> Result<Vec<Arc<Pipeline>>, Vec<Fault>> {
    let is_pipeline =
        |path: &str| path.starts_with("pipelines/") && Path::new(path).extension().is_some_and(|kind| kind == "yaml");
    let mut files: Vec<&(String, String)> = files.iter().filter(|(path, _)| is_pipeline(path)).collect();
    files.sort();
    let (mut pipelines, mut paths, mut faults) = (Vec::<Arc<Pipeline>>::new(), Vec::new(), Vec::new());
    for (path, text) in files {
        match Pipeline::parse(path, text) {
            Ok(pipeline) => {
                if let Some(other) = pipelines.iter().position(|one| one.name == pipeline.name) {
                    let reason = format!("a pipeline named `{}` is in {} already", pipeline.name, paths[other]);
                    faults.push(Fault::of_name(path, text, reason));
                } else {
                    pipelines.push(Arc::new(pipeline));
                    paths.push(path.as_str());
                }
            }
            Err(more) => faults.extend(more),
        }
    }
    // What hangs on other files is looked at when each of them is sound.
    if faults.is_empty() {
        for (pipeline, path) in pipelines.iter().zip(&paths) {
            faults.extend(handed_over(path, pipeline, &pipelines));
        }
    }
    if faults.is_empty() {
        for (pipeline, path) in pipelines.iter().zip(&paths) {
            faults.extend(try_examples(path, pipeline, &pipelines));
        }
    }
    if faults.is_empty() { Ok(pipelines) } else { Err(faults) }
}

/// A stage hands over to a pipeline that is there, of the same records, that hands nothing on itself: there are no circles.
fn handed_over(path: &str, pipeline: &Pipeline, pipelines: &[Arc<Pipeline>]) -> Vec<Fault> {
    let names = || pipelines.iter().map(|one| one.name.as_str());
    let fault = |stage: &super::Stage| -> Option<Fault> {
        let goes_on = stage.goes_on.as_ref()?;
        let reason = match pipelines.iter().find(|one| one.name == goes_on.pipeline) {
            None => {
                let hint = nearest(&goes_on.pipeline, names()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                format!("the stage `{}` goes on in `{}`, and there is no such pipeline{hint}", stage.name, goes_on.pipeline)
            }
            Some(other) if other.kind != pipeline.kind => {
                format!("the stage `{}` goes on in `{}`, which is about other records", stage.name, other.name)
            }
            Some(other) if other.opens != Opens::HandedOver || other.stages.iter().any(|stage| stage.goes_on.is_some()) => {
                format!("`{}` must open by `handed_over` and hand nothing on, because `{}` goes on in it", other.name, stage.name)
            }
            Some(_) => return None,
        };
        Some(Fault { line: goes_on.line, column: goes_on.column, ..Fault::whole(path, reason) })
    };
    pipeline.stages.iter().filter_map(fault).collect()
}
