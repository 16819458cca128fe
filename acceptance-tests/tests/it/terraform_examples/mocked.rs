//! Users' own tests: `terraform test` with `mock_provider "certward" {}` passes for every example.

use super::{Example, WHOLE, modules_in};

#[test]
fn every_example_passes_a_test_with_the_mocked_provider() {
    let mut modules: Vec<String> = WHOLE.map(str::to_owned).into();
    modules.extend(
        ["provider/resources", "provider/data-sources"]
            .into_iter()
            .flat_map(modules_in),
    );
    assert!(modules.len() >= 19, "{modules:?}");
    let mut failed = Vec::new();
    for module in &modules {
        let output = tested(module);
        if !output.contains("Success!") {
            failed.push(format!("{module}:\n{output}\n"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.concat());
}

/// Applies the module and plans it again, with values that Terraform makes up; answers with what was printed.
fn tested(module: &str) -> String {
    let example = Example::new(module);
    let variables: String = example
        .variables()
        .iter()
        .map(|(name, value)| format!("    {name} = \"{value}\"\n"))
        .collect();
    // What a check says about a made-up value is not ours to answer for.
    let expected = match example.configuration.contains("check \"login\"") {
        true => "  expect_failures = [check.login]\n",
        false => "",
    };
    let run = |name: &str, command: &str| {
        format!("run \"{name}\" {{\n  command = {command}\n  variables {{\n{variables}  }}\n{expected}}}\n")
    };
    let test = format!(
        "mock_provider \"certward\" {{}}\n{}{}",
        run("applied", "apply"),
        run("planned_again", "plan")
    );
    example.terraform.write("mock.tftest.hcl", &test);
    example.terraform.run(&["test", "-no-color"]).text()
}
